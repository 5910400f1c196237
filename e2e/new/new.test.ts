import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished } from 'vitest';
import { runMicro } from '../harness/command.ts';
import { freeAddress } from '../harness/free-address.ts';
import type { Deployment } from '../harness/listings.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { test } from '../harness/test.ts';

const make = (folder: string, ...args: readonly string[]) => runMicro(['new', ...args], {}, { folder });
const kinds = ['service', 'api', 'web'] as const;
/** What a new service of a kind answers at its root. */
const expected = (kind: string, name: string) =>
  kind === 'web' ? expect.stringContaining(`<h1>${name}</h1>`) : expect.stringContaining('Hello, world!');

test('a new service runs as it is, and is called where its kind says', async ({ server, folder }) => {
  const made = await make(folder, 'greeter');
  expect(made).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('holds go.micro.service.greeter, in TypeScript'),
  });
  expect((await readdir(join(folder, 'greeter'))).toSorted()).toEqual([
    '.gitignore',
    'README.md',
    'micro.yaml',
    'package-lock.json',
    'package.json',
    'src',
    'tsconfig.json',
  ]);
  expect(await server.succeed('run', join(folder, 'greeter'))).toContain(server.url('/service/greeter/'));
  const hello = await fetch(server.url('/service/greeter/?name=Ada'));
  expect(await hello.json()).toEqual({ greeting: 'Hello, Ada!' });
  expect((await fetch(server.url('/service/greeter/none'))).status).toBe(404);
});

test('one of each kind in JavaScript runs beside the others', async ({ server, folder }) => {
  for (const kind of kinds) {
    const name = `hello-${kind}`;
    await make(folder, name, '--lang', 'js', '--kind', kind);
    await server.succeed('run', join(folder, name));
    const [deployment] = await server.list<Deployment>('status', name);
    expect(deployment).toMatchObject({ service: `go.micro.${kind}.${name}`, path: `/${kind}/${name}/` });
    expect(await (await fetch(server.url(`/${kind}/${name}/`))).text()).toEqual(expected(kind, name));
  }
});

test('one in TypeScript has a page', async ({ server, folder }) => {
  await make(folder, 'blog', '--kind', 'web');
  await server.succeed('run', join(folder, 'blog'));
  expect(await (await fetch(server.url('/web/blog/'))).text()).toEqual(expected('web', 'blog'));
});

/** What shows that the code is well, and how it is started. */
const toolchains = [
  {
    language: 'go',
    checks: [
      ['go', 'vet', '.'],
      ['go', 'build', '-o', 'service', '.'],
    ],
    start: ['./service'],
  },
  {
    language: 'python',
    checks: [['python3', '-W', 'error', '-m', 'compileall', '-q', '.']],
    start: ['python3', 'main.py'],
  },
  { language: 'js', checks: [], start: ['node', 'main.js'] },
] as const;

for (const { language, checks, start } of toolchains) {
  test(`${language}: every kind answers on its port, and ends when it is told to`, async ({ folder }) => {
    for (const kind of kinds) {
      const name = `${language}-${kind}`;
      await make(folder, name, '--lang', language, '--kind', kind);
      const cwd = join(folder, name);
      for (const [file, ...args] of checks) await execa(file, args, { cwd });

      const address = await freeAddress();
      const [file, ...args] = start;
      const env = { PORT: address.split(':')[1], PYTHONUNBUFFERED: '1' };
      const service = execa(file, args, { cwd, env, all: true, buffer: false, reject: false });
      onTestFinished(() => void service.kill('SIGKILL'));
      const lines = service.iterable({ from: 'all' })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toContain(`listening on port ${env.PORT}`);
      // A kept connection would have to rest for a while before the service lets go of it.
      const ask = async () => (await fetch(`http://${address}/`, { headers: { connection: 'close' } })).text();
      await expect.poll(ask, { timeout: 15_000 }).toEqual(expected(kind, name));
      service.kill('SIGTERM');
      expect(await service).toMatchObject({ exitCode: 0 });
    }
  });
}

test('gofmt would change nothing', async ({ folder }) => {
  for (const kind of kinds) await make(folder, `go-${kind}`, '--lang', 'go', '--kind', kind);
  const { stdout } = await execa('gofmt', ['-l', '.'], { cwd: folder });
  expect(stdout).toBe('');
});

test('a folder that is there is left alone, unless it is empty', async ({ folder }) => {
  await using other = await makeTemporaryFolder();
  await writeFile(join(other.path, 'taken'), 'mine');
  const file = await make(other.path, 'taken');
  expect(file).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^micro: \S+\/taken exists and is no folder/),
  });
  expect(await readFile(join(other.path, 'taken'), 'utf8')).toBe('mine');

  expect(await make(folder, 'blog')).toMatchObject({ exitCode: 0 });
  const again = await make(folder, 'blog', '--lang', 'js');
  expect(again).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^micro: \S+\/blog exists and is not empty/),
  });
  expect(await readdir(folder)).toEqual(['blog']);
});

test('everything that is wrong with what was asked for is told at once', async ({ folder }) => {
  const { exitCode, stderr } = await make(folder, '../Blog', '--lang', 'rust', '--kind', 'page');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('"../Blog" is no name for a service');
  expect(stderr).toContain('--lang: "rust" is none of ts, js, go, python');
  expect(stderr).toContain('--kind: "page" is none of service, api, web');
  expect(await readdir(folder)).toEqual([]);
});
