import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runMicro } from '../harness/command.ts';
import { test } from '../harness/test.ts';

const free = '127.0.0.1:0';
const anywhere = {
  '--http': free,
  '--grpc': free,
  '--admin': free,
  '--control': free,
  '--etcd-listen': 'off',
};

/** Runs `micro server`, which is expected to end by itself. */
const failToStart = (dataDir: string, flags: Readonly<Record<string, string>> = {}, env = {}) =>
  runMicro(['server', '--data-dir', dataDir, ...Object.entries({ ...anywhere, ...flags }).flat()], env);

test.for(['--http', '--grpc', '--admin', '--control'])(
  'a taken port is named, with the flag %s that changes it',
  async (flag, { folder }) => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const { port } = occupant.address() as AddressInfo;

    const { stdout, stderr, exitCode } = await failToStart(join(folder, 'data'), { [flag]: `127.0.0.1:${port}` });
    occupant.close();

    expect([stdout, exitCode]).toEqual(['', 1]);
    expect(lastLine(stderr)).toMatch(new RegExp(`^micro: .*127\\.0\\.0\\.1:${port}.*${flag}`));
  },
);

test('a data folder that another server uses is refused, and that server goes on', async ({ server }) => {
  const { stderr, exitCode } = await failToStart(server.dataDir);
  expect(exitCode).toBe(1);
  expect(lastLine(stderr)).toMatch(new RegExp(`^micro: .*${server.dataDir}.*--data-dir`));
  await server.succeed('health');
});

test.for([
  ['a file', 'file'],
  ['in a file', 'file/data'],
])('a data folder that is %s cannot be written', async ([, path], { folder }) => {
  await writeFile(join(folder, 'file'), 'precious');
  const { stderr, exitCode } = await failToStart(join(folder, path ?? ''));
  expect(exitCode).toBe(1);
  expect(lastLine(stderr)).toMatch(/^micro: the data folder \S+ cannot be used: .*--data-dir$/);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('precious');
});

test('a damaged store is told, and not touched', async ({ start }) => {
  const server = await start();
  await server.stop();
  const store = join(server.dataDir, 'etcd');
  const files = (await readdir(store)).filter((file) => !file.includes('lock'));
  for (const file of files) {
    await truncate(join(store, file), 0);
    await writeFile(join(store, file), 'what a broken disk left of it '.repeat(1000));
  }
  const before = await Promise.all(files.map((file) => readFile(join(store, file))));

  const { stderr, exitCode } = await failToStart(server.dataDir);

  expect(exitCode).toBe(1);
  expect(lastLine(stderr)).toMatch(new RegExp(`^micro: .*${store}`));
  expect(await Promise.all(files.map((file) => readFile(join(store, file))))).toEqual(before);
});

test('every setting that is wrong is told in one message, and nothing is started', async ({ folder }) => {
  const flags = { '--http': 'nonsense', '--grpc': ':99999', '--etcd-listen': '0.0.0.0:2379', '--log-level': 'loud' };
  const environment = { MICRO_NAMESPACE: 'Go Micro', MICRO_TRUSTED_PROXIES: '10.0.0.0/99', MICRO_TLS_CERT: 'a.pem' };
  const { stdout, stderr, exitCode } = await failToStart(join(folder, 'data'), flags, environment);

  expect([stdout, exitCode]).toEqual(['', 2]);
  for (const name of [...Object.keys(flags), ...Object.keys(environment)]) expect(stderr).toContain(`${name}: `);
  expect(await readdir(folder)).toEqual([]);
});

test.for([
  ['server --htpp :8080', "micro server has no flag --htpp: did you mean '--http'?"],
  ['sever', "micro has no command 'sever': did you mean 'micro server'?"],
  ['route ls', "micro has no command 'route ls': did you mean 'micro routes ls'?"],
])('micro %s is told what may be meant, exit 2', async ([line, message]) => {
  const { stdout, stderr, exitCode } = await runMicro((line ?? '').split(' '));
  expect([stdout, exitCode]).toEqual(['', 2]);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test.for([['status'], ['run', '.'], ['routes', 'ls'], ['health']])(
  'micro %s without a server says so in one line, exit 1',
  async (args) => {
    const { stdout, stderr, exitCode } = await runMicro([...args, '--server', '127.0.0.1:1', '--token', 'any']);
    expect([stdout, exitCode]).toEqual(['', 1]);
    expect(stderr).toMatch(/^micro: no micro server answers at 127\.0\.0\.1:1: [^\n]*--server$/);
  },
);

/** Where the reason stands; what the server logged before is not asked for. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
