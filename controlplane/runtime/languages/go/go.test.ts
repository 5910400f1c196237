import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder, writeFiles } from '../../runtime.fixture.ts';
import { goLanguage } from './go.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const main = 'package main\n\nfunc main() {}\n';
const steps = async (files: Readonly<Record<string, unknown>>): Promise<readonly string[]> => {
  const built = await goLanguage.buildSteps(await writeFiles(folder.path, files));
  return built.map(({ file, arguments: words }) => [file, ...words.filter((word) => !word.startsWith('-'))].join(' '));
};

describe('a Go service is built', () => {
  test('from its own folder, as a module', async () => {
    expect(await steps({ 'go.mod': 'module x', 'main.go': main })).toEqual(['go build ./.micro/service .']);
  });

  test('from plain files, which become a module', async () => {
    expect(await steps({ 'main.go': main })).toEqual([
      'go mod init service',
      'go mod tidy',
      'go build ./.micro/service .',
    ]);
  });

  test('from the only program in cmd, when the folder itself is a library', async () => {
    const files = {
      'go.mod': 'module x',
      'x.go': 'package x\n',
      'cmd/greeter/main.go': main,
      'cmd/lib/lib.go': 'package lib\n',
    };
    expect(await steps(files)).toEqual(['go build ./.micro/service ./cmd/greeter']);
  });

  test('from the only program in the modules of its workspace', async () => {
    const files = {
      'go.work': 'go 1.21\n\nuse ./lib\nuse (\n\t"./server/" // the program\n\t../elsewhere\n)\nreplace a => ./b\n',
      'lib/go.mod': 'module lib',
      'lib/lib.go': 'package lib\n',
      'server/go.mod': 'module server',
      'server/cmd/run/main.go': main,
    };
    expect(await steps(files)).toEqual(['go build ./.micro/service ./server/cmd/run']);
    await expect(steps({ 'lib/cmd/other/main.go': main })).rejects.toThrow(
      'has several programs in cmd and the modules of its go.work (./lib/cmd/other, ./server/cmd/run)',
    );
  });

  test('apart from a workspace that lies above it', async () => {
    await writeFiles(folder.path, { 'go.mod': 'module x', 'main.go': main });
    const [build] = await goLanguage.buildSteps(folder.path);
    expect(build).toMatchObject({ environment: { GOWORK: 'off' } });
    await writeFiles(folder.path, { 'go.work': 'use .' });
    const [own] = await goLanguage.buildSteps(folder.path);
    expect(own).toMatchObject({ environment: {} });
  });

  test('not at all without a program, or with several', async () => {
    await expect(steps({ 'go.mod': 'module x', 'x.go': 'package x\n' })).rejects.toThrow('has no package main');
    await expect(steps({ 'cmd/a/a.go': main, 'cmd/b/b.go': main })).rejects.toThrow(
      /several programs in cmd \(\.\/cmd\/a, \.\/cmd\/b\): say in a micro\.yaml/,
    );
  });
});

test('a Go service is called as the code of its program says, and not its tests', async () => {
  await writeFiles(folder.path, {
    'go.mod': 'module x',
    'a_test.go': 'package main\nvar s = micro.New("test")\n',
    'b.go': 'package main\nvar s = micro.New("second")\n',
    'main.go': `${main}var s = micro.New("first")\n`,
  });
  expect(await goLanguage.declaredName(folder.path)).toBe('first');
});
