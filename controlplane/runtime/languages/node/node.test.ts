import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder, writeFiles } from '../../runtime.fixture.ts';
import { nodeLanguage } from './node.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const start = async (packageJson: object, files: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  await writeFiles(folder.path, { ...files, 'package.json': packageJson });
  const command = await nodeLanguage.startCommand(folder.path);
  return [command.file, ...command.arguments].join(' ');
};

describe('a Node service is started', () => {
  test.each([
    ['node server.js', 'node server.js'],
    ['  node  --enable-source-maps dist/main.js --port=1 ', 'node --enable-source-maps dist/main.js --port=1'],
    ['tsx src/main.ts', './node_modules/.bin/tsx src/main.ts'],
  ])('as its start script says, without npm or a shell, when that is plain words: %j', async (script, command) => {
    expect(await start({ scripts: { start: script } }, { 'node_modules/.bin/tsx': '' })).toBe(command);
  });

  test.each(['node a.js && node b.js', 'A=1 node a.js', 'node "a b.js"', 'node $FILE', 'node a.js > log', 'node *.js'])(
    'by npm when its start script needs a shell: %j',
    async (script) => {
      expect(await start({ scripts: { start: script } })).toMatch(/^npm start /);
    },
  );

  test('by npm when something belongs before or after its start', async () => {
    expect(await start({ scripts: { start: 'node a.js', prestart: 'node b.js' } })).toMatch(/^npm start /);
  });

  test('from its main file, server.js or index.js, when it has no start script', async () => {
    expect(await start({}, { 'index.js': '' })).toBe('node index.js');
    expect(await start({}, { 'server.js': '' })).toBe('node server.js');
    expect(await start({ main: 'lib/main.js' }, { 'lib/main.js': '' })).toBe('node lib/main.js');
  });

  test('not at all when there is nothing to start', async () => {
    await expect(start({ main: 'dist/main.js' })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/"main" names dist\/main\.js, which the build does not have.*"start" script/),
    });
  });
});

test('a Node service that Yarn installed without node_modules finds its packages', async () => {
  const files = { 'main.js': '', '.pnp.cjs': '', '.pnp.loader.mjs': '' };
  await writeFiles(folder.path, { ...files, 'package.json': { scripts: { start: 'node main.js' } } });
  const { environment } = await nodeLanguage.startCommand(folder.path);
  expect(environment).toEqual({
    NODE_OPTIONS: `--require "${folder.path}/.pnp.cjs" --experimental-loader file://${folder.path}/.pnp.loader.mjs`,
  });
});

test.each([
  [{}, []],
  [{ scripts: { build: 'tsc' } }, ['npm run build']],
  [{ devDependencies: { typescript: '*' } }, ['npm install']],
  [{ scripts: { postinstall: 'x', build: 'y' } }, ['npm install', 'npm run build']],
])('a Node service is built by what its package.json calls for: %j', async (packageJson, expected) => {
  await writeFiles(folder.path, { 'package.json': packageJson });
  const steps = await nodeLanguage.buildSteps(folder.path);
  expect(
    steps.map(({ file, arguments: words }) => [file, ...words.filter((word) => !word.startsWith('--'))].join(' ')),
  ).toEqual(expected);
});
