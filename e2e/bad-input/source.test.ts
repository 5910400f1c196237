import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Deployment } from '../harness/listings.ts';
import type { Server } from '../harness/server.ts';
import { writeService } from '../harness/service-folder.ts';
import { test } from '../harness/test.ts';

test('a source that does not exist is named', async ({ server, folder }) => {
  const { stdout, stderr, exitCode } = await server.run('run', join(folder, 'nowhere'));
  expect([stdout, exitCode]).toEqual(['', 1]);
  expect(stderr).toMatch(/^micro: the source \S+\/nowhere does not exist/m);
});

test('a folder without a service is told what is looked for', async ({ server, folder }) => {
  await mkdir(join(folder, 'empty'));
  const { stderr, exitCode } = await server.run('run', join(folder, 'empty'));
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^micro: .*\/empty holds no service .*package\.json/m);
});

test('a build that fails shows its last lines, and leaves the running version alone', async ({ server, folder }) => {
  const source = join(folder, 'builder');
  await writeService(source, 'first');
  await server.succeed('run', source);

  const build = `node -e "console.log('compiling');console.error('no such thing: frobnicate');process.exit(3)"`;
  await writeService(source, 'second', { scripts: { build } });
  const { stdout, stderr, exitCode } = await server.run('run', source);

  expect([stdout, exitCode]).toEqual(['', 1]);
  expect(stderr).toMatch(/^micro: the build failed: npm run build .*/m);
  expect(stderr.slice(stderr.indexOf('micro: the build failed'))).toContain('no such thing: frobnicate');
  expect(await text(server, '/service/builder/')).toBe('first');

  const log = await server.succeed('logs', 'builder', '--build');
  expect(log).toMatch(/\/build > npm run build\n[^]* no such thing: frobnicate\n[^]* the build failed: .*code 3/);
  expect(log).not.toContain('it printed last:\n');
});

test('a version that ends when it is started does not take the place of the one that runs', async ({
  server,
  folder,
}) => {
  const source = join(folder, 'crasher');
  await writeService(source, 'first');
  await server.succeed('run', source);

  await writeService(source, 'second', {}, { 'server.js': "console.error('no database'); process.exit(7);\n" });
  const { stderr, exitCode } = await server.run('run', source);

  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^micro: [^]*code 7[^]*no database/m);
  expect(await text(server, '/service/crasher/')).toBe('first');
  const [deployment] = await server.list<Deployment>('status', 'crasher');
  expect(deployment).toMatchObject({ instances: [{ state: 'ready', restarts: 0 }] });
});

test('two sources of one name are refused, with both', async ({ server, folder }) => {
  const first = await writeService(join(folder, 'a', 'twin'), 'first');
  const second = await writeService(join(folder, 'b', 'twin'), 'second');
  await server.succeed('run', first);

  const { stderr, exitCode } = await server.run('run', second);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^micro: two sources are called go\\.micro\\.service\\.twin: ${first}.*${second}.*--name`, 'm'),
  );
  expect(await text(server, '/service/twin/')).toBe('first');

  await server.succeed('run', second, '--name', 'other-twin');
  expect(await text(server, '/service/other-twin/')).toBe('second');
});

test.for(['Shouting', 'with space', 'sl/ash', '-dash', 'micro.runtime', 'ünïcode'])(
  'the name "%s" is refused',
  async (name, { server, folder }) => {
    const source = await writeService(join(folder, 'source'), 'never', { micro: { name } });
    const { stderr, exitCode } = await server.run('run', source);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^micro: .*--name$/m);
  },
);

test.for([
  ['logs', 'nobody'],
  ['kill', 'nobody'],
  ['status', 'nobody'],
  ['services', 'get', 'nobody'],
])('micro %s of what is not there says so in one line, exit 1', async (args, { server }) => {
  const { stdout, stderr, exitCode } = await server.run(...args);
  expect([stdout, exitCode]).toEqual(['', 1]);
  expect(stderr).toMatch(/^micro: [^\n]*nobody[^\n]*$/);
});

test('options of micro run that are wrong are told together, exit 2', async ({ server, folder }) => {
  const { stderr, exitCode } = await server.run('run', folder, '--instances', 'many', '--env', 'no value');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--instances');
  expect(stderr).toContain('--env');
});

async function text(server: Server, path: string): Promise<string> {
  return (await fetch(server.url(path))).text();
}
