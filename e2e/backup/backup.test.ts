import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runMicro } from '../harness/command.ts';
import type { Deployment } from '../harness/listings.ts';
import { startRealEtcd } from '../harness/real-etcd.ts';
import { samples } from '../harness/samples.ts';
import { test } from '../harness/test.ts';

const restore = (file: string, dataDir: string, ...flags: readonly string[]) =>
  runMicro(['cluster', 'snapshot', 'restore', file, '--data-dir', dataDir, ...flags]);

test('a server has the state of a snapshot again, and what came after it is kept aside', async ({ start, folder }) => {
  const file = join(folder, 'backup.json');
  const first = await start();
  await first.succeed('run', samples.clock, '--env', 'TZ=UTC');
  expect(await first.succeed('cluster', 'snapshot', 'save', file)).toMatch(/backup\.json has .* \(keys: 1\)$/);
  // Environments hold secrets.
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await first.succeed('run', samples.clock, '--name', 'sundial');

  const inUse = await restore(file, first.dataDir, '--replace');
  expect(inUse).toMatchObject({ exitCode: 1, stdout: '' });
  expect(inUse.stderr).toMatch(/^micro: the data folder \S+ is in use by process \d+/);
  await first.stop();
  const refused = await restore(file, first.dataDir);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toMatch(/^micro: \S+ holds state already: .*--replace/);

  const { stdout, exitCode, stderr } = await restore(file, first.dataDir, '--replace');
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/\(keys: 1\)\nwhat was there before is kept in (\S+)$/);
  const second = await start({ dataDir: first.dataDir });
  await expect.poll(async () => (await fetch(second.url('/api/clock/time'))).status, { timeout: 30_000 }).toBe(200);
  const deployments = await second.list<Deployment>('status');
  expect(deployments.map(({ service }) => service)).toEqual(['go.micro.api.clock']);
  expect((await readdir(first.dataDir)).filter((name) => name.startsWith('etcd.before-'))).toHaveLength(1);
});

test('what an etcd of the user keeps can be saved, and restored where there is nothing', async ({ start, folder }) => {
  await using etcd = await startRealEtcd(join(folder, 'etcd'));
  const file = join(folder, 'backup.json');
  const first = await start({ flags: ['--etcd', etcd.address] });
  await first.succeed('run', samples.clock);
  await first.succeed('cluster', 'snapshot', 'save', file);

  const dataDir = join(folder, 'new');
  expect((await restore(file, dataDir)).exitCode).toBe(0);
  const second = await start({ dataDir });
  const [deployment] = await second.list<Deployment>('status', 'clock');
  expect(deployment).toMatchObject({ service: 'go.micro.api.clock' });
  // Its bundle is where the first server is.
  await expect
    .poll(async () => (await second.list<Deployment>('status', 'clock'))[0]?.trouble, { timeout: 30_000 })
    .toMatch(/the bundle .* make it again with `micro run/);
});

test('a snapshot that is not whole is refused, and changes nothing', async ({ start, folder }) => {
  const file = join(folder, 'backup.json');
  const server = await start();
  await server.succeed('run', samples.clock);
  await server.succeed('cluster', 'snapshot', 'save', file);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const [head = '', entry = '', end = ''] = lines;
  const dataDir = join(folder, 'new');
  const damages: readonly (readonly [content: string, message: RegExp])[] = [
    ['', /is damaged: it is empty/],
    ['hello\n', /is no snapshot of micro server/],
    [`${head.replace('"version":1', '"version":2')}\n${end}`, /is a snapshot of format 2, and .* reads 1/],
    [`${head}\n${entry}\n`, /is damaged: its end is missing/],
    [`${head}\n${end}\n`, /is damaged: it is not as it was written/],
    [`${head}\n${entry.replace('clock', 'clack')}\n${end}\n`, /is damaged: it is not as it was written/],
    [`${head}\nx\n${end}\n`, /is damaged: line 2 cannot be read/],
    [`${lines.join('\n')}\n${entry}\n`, /is damaged: something follows its last line/],
  ];
  for (const [content, message] of damages) {
    await writeFile(file, content);
    const { stderr, exitCode } = await restore(file, dataDir);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
  }
  const missing = await restore(join(folder, 'missing.json'), dataDir);
  expect(missing.stderr).toMatch(/^micro: \S+missing\.json cannot be read: ENOENT/);
  await expect(stat(dataDir)).rejects.toThrow('ENOENT');

  const nodeDir = join(folder, 'node');
  await mkdir(join(nodeDir, 'cluster'), { recursive: true });
  await writeFile(join(nodeDir, 'cluster', 'member.json'), '{}');
  await writeFile(file, `${lines.join('\n')}\n`);
  expect((await restore(file, nodeDir, '--replace')).stderr).toMatch(/is that of a node of a cluster, .*--data-dir/);

  const unwritable = await server.run('cluster', 'snapshot', 'save', join(folder, 'no', 'such', 'folder'));
  expect(unwritable).toMatchObject({ exitCode: 1, stdout: '' });
  expect(unwritable.stderr).toMatch(/^micro: .*ENOENT/);
});
