import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { spawnMicro } from '../harness/command.ts';
import { freeAddress } from '../harness/free-address.ts';
import type { Deployment } from '../harness/listings.ts';
import type { Server } from '../harness/server.ts';
import { startLoad } from '../harness/load.ts';
import { writeService } from '../harness/service-folder.ts';
import { test } from '../harness/test.ts';

/** A `micro run --watch`, and what it prints. */
function watch(server: Server, folder: string) {
  const args = ['run', '--watch', folder, '--server', server.addresses.grpc];
  const child = spawnMicro(args, { MICRO_DATA_DIR: server.dataDir });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = child.iterable({ from: 'all' })[Symbol.asyncIterator]();
  return {
    /** Reads on up to a line that fits; gives back all that were read. */
    async until(pattern: RegExp): Promise<string> {
      const read: string[] = [];
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`it ended without ${pattern}:\n${read.join('\n')}`);
        read.push(value);
        if (pattern.test(value)) return read.join('\n');
      }
    },
    async interrupt() {
      child.kill('SIGINT');
      const rest: string[] = [];
      for (let line = await lines.next(); !line.done; line = await lines.next()) rest.push(line.value);
      return { rest, exitCode: (await child).exitCode };
    },
  };
}
const ask = async (server: Server, name: string) => (await fetch(server.url(`/service/${name}/`))).text();
/** Waits for an answer: the files of one change may come to be seen one by one. */
const answers = (server: Server, name: string, text: string) =>
  expect.poll(() => ask(server, name), { timeout: 30_000 }).toBe(text);
const watching = /^watching /;

test('each change is brought up, without a failed request, until Ctrl-C; the service runs on', async ({
  server,
  folder,
}) => {
  const source = await writeService(join(folder, 'clock'), 'one');
  const following = watch(server, source);
  await following.until(/^go\.micro\.service\.clock \S+ is running: /);
  expect(await following.until(watching)).toBe(`watching ${source}; Ctrl-C ends that, and leaves the service running`);
  expect(await ask(server, 'clock')).toBe('one');

  const load = startLoad(server.url('/service/clock/'), 2);
  await writeService(source, 'two');
  await answers(server, 'clock', 'two');
  await following.until(watching);
  expect(Object.keys(await load.stop())).toEqual(['200']);

  const { rest, exitCode } = await following.interrupt();
  expect(rest).toEqual([
    `no longer watching ${source}; go.micro.service.clock keeps running ('micro kill go.micro.service.clock' stops it)`,
  ]);
  expect(exitCode).toBe(0);
  expect(await ask(server, 'clock')).toBe('two');
});

test('new, renamed and removed folders are followed, and what is ignored is not', async ({ server, folder }) => {
  const source = await writeService(join(folder, 'words'), 'one', { main: 'server.js' }, { '.gitignore': 'cache/\n' });
  const following = watch(server, source);
  await following.until(watching);

  await mkdir(join(source, 'lib/deep'), { recursive: true });
  await writeService(join(source, 'lib/deep'), 'two');
  await writeService(source, '', { main: 'lib/deep/server.js' });
  await answers(server, 'words', 'two');
  await writeService(join(source, 'lib/deep'), 'three');
  await answers(server, 'words', 'three');
  await rename(join(source, 'lib'), join(source, 'source'));
  await writeService(source, '', { main: 'source/deep/server.js' });
  await answers(server, 'words', 'three');
  await writeService(join(source, 'source/deep'), 'four');
  await answers(server, 'words', 'four');
  await rm(join(source, 'source'), { recursive: true });
  await writeService(source, 'five');
  await answers(server, 'words', 'five');

  // What is ignored no longer is followed from then on.
  await mkdir(join(source, 'cache'));
  await writeService(join(source, 'cache'), 'six');
  await writeService(source, '', { main: 'cache/server.js' }, { '.gitignore': '' });
  await answers(server, 'words', 'six');
  await writeService(join(source, 'cache'), 'seven');
  await answers(server, 'words', 'seven');
});

test('nothing is done about what is ignored, or written as it was', async ({ server, folder }) => {
  const source = await writeService(join(folder, 'calm'), 'one', {}, { '.gitignore': 'cache/\n*.log\n' });
  await mkdir(join(source, 'cache'));
  const following = watch(server, source);
  await following.until(watching);

  await writeFile(join(source, 'cache/a'), 'a');
  await writeFile(join(source, 'a.log'), 'a');
  await mkdir(join(source, 'node_modules/a'), { recursive: true });
  await writeFile(join(source, 'node_modules/a/index.js'), 'a');
  await writeService(join(folder, 'next'), 'two');
  await rename(join(folder, 'next/server.js'), join(source, 'server.js'));
  const printed = await following.until(/is running/);
  expect(printed.match(/^pack /gm)).toHaveLength(1);
  await following.until(watching);

  await writeFile(join(folder, 'next/server.js'), await readFile(join(source, 'server.js')));
  await rename(join(folder, 'next/server.js'), join(source, 'server.js'));
  await following.until(/^pack /);
  await writeService(join(folder, 'next'), 'three');
  await rename(join(folder, 'next/server.js'), join(source, 'server.js'));
  const next = await following.until(/is running/);
  expect(next.match(/^source /gm)).toHaveLength(1);
  expect(await ask(server, 'calm')).toBe('three');
});

test('a build or a start that fails is shown, and the next change is taken all the same', async ({
  server,
  folder,
}) => {
  const source = await writeService(join(folder, 'fragile'), 'one');
  const following = watch(server, source);
  await following.until(watching);

  await writeService(source, 'two', { scripts: { build: 'node -e "console.log(\'no luck\'); process.exit(3)"' } });
  expect(await following.until(/^micro: the build failed: npm run build /)).toMatch(/^ +no luck$/m);
  expect(await following.until(watching)).toContain(`watching ${source} for the change that mends it`);
  expect(await ask(server, 'fragile')).toBe('one');

  await writeService(source, '', {}, { 'server.js': 'process.exit(4)' });
  await following.until(/^micro: .*exited with code 4/);
  expect(await ask(server, 'fragile')).toBe('one');

  await writeService(source, '', {}, { 'package.json': '{' });
  await following.until(/^micro: \S+package\.json is no JSON/);

  await writeService(source, 'three');
  await answers(server, 'fragile', 'three');
});

test('changes during a build are taken together afterwards', async ({ server, folder }) => {
  const source = await writeService(join(folder, 'slow'), 'one');
  const following = watch(server, source);
  await following.until(watching);

  // Builds until the file is there, which lies where nobody watches.
  const go = join(folder, 'go');
  const build = `node -e "console.log('building'); const w = setInterval(() => require('node:fs').existsSync('${go}') && clearInterval(w), 20)"`;
  await writeService(source, 'two', { scripts: { build } });
  await following.until(/^ +building$/);
  await writeService(source, 'three', { scripts: { build } });
  await writeFile(join(source, 'notes'), 'a');
  await writeService(source, 'four', { scripts: { build } });
  await writeFile(go, '');
  await answers(server, 'slow', 'four');
});

test('what changed while the server was away is brought up once it is back', async ({ start, folder }) => {
  const addresses = { http: await freeAddress(), grpc: await freeAddress() };
  const flags = ['--http', addresses.http, '--grpc', addresses.grpc];
  const dataDir = join(folder, 'data');
  const first = await start({ dataDir, flags });
  const source = await writeService(join(folder, 'patient'), 'one');
  const following = watch(first, source);
  await following.until(watching);

  await first.crash();
  await writeService(source, 'two');
  await following.until(/^micro: no micro server answers/);
  await following.until(/^watching \S+, and waiting for the server$/);
  const second = await start({ dataDir, flags });
  await answers(second, 'patient', 'two');
});

test('a folder that goes away ends the watching, and the service runs on', async ({ server, folder }) => {
  const source = await writeService(join(folder, 'gone'), 'one');
  const following = watch(server, source);
  await following.until(watching);
  await rm(source, { recursive: true });
  await following.until(/^micro: no longer watching \S+\/gone, which is gone; go\.micro\.service\.gone keeps running/);
  const [deployment] = await server.list<Deployment>('status', 'gone');
  expect(deployment?.instances.map(({ state }) => state)).toEqual(['ready']);
});

test('what is no folder is refused', async ({ server, folder }) => {
  for (const source of ['github.com/micro/services', join(folder, 'none')]) {
    const { stderr, exitCode } = await server.run('run', '--watch', source);
    expect([exitCode, stderr]).toEqual([2, `micro: --watch follows a folder of this machine, and ${source} is none`]);
  }
});
