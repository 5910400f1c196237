import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Command, describeCommand } from '../../process/group.ts';
import { makeFolder, writeFiles } from '../../runtime.fixture.ts';
import { nodeLanguage } from './node.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const build = { scripts: { build: 'tsc' } };
const berry = '# generated\n\n__metadata:\n  version: 8\n';
const steps = async (
  files: Readonly<Record<string, unknown>>,
  packageManager?: string,
): Promise<readonly Command[]> => {
  await writeFiles(folder.path, { 'package.json': { ...build, packageManager }, ...files });
  return nodeLanguage.buildSteps(folder.path);
};

describe('a project is installed and built with the package manager', () => {
  test.each([
    [{ 'package-lock.json': '' }, 'npm ci', 'npm run build'],
    [{ 'npm-shrinkwrap.json': '' }, 'npm ci', 'npm run build'],
    [{ 'pnpm-lock.yaml': '' }, 'pnpm install --frozen-lockfile --ignore-workspace', 'pnpm run build'],
    [
      { 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': 'packages: []' },
      'pnpm install --frozen-lockfile',
      'pnpm run build',
    ],
    [{ 'yarn.lock': '# yarn lockfile v1\n' }, 'yarn install --frozen-lockfile', 'yarn run build'],
    [{ 'yarn.lock': berry, '.yarnrc.yml': 'yarnPath: .yarn/yarn.cjs' }, 'yarn install --immutable', 'yarn run build'],
    [{ 'bun.lockb': '', 'package-lock.json': '' }, 'npm ci', 'npm run build'],
  ])('that its lock file is of: %j', async (files, ...expected) => {
    expect((await steps(files)).map(describeCommand)).toEqual(expected);
  });

  test.each([
    [
      'pnpm@9.15.9',
      { 'pnpm-lock.yaml': '', 'package-lock.json': '' },
      'pnpm install --frozen-lockfile --ignore-workspace',
    ],
    ['yarn@4.5.3', { 'yarn.lock': berry }, 'yarn install --immutable'],
    ['yarn@1.22.22+sha512.00', { 'yarn.lock': '' }, 'yarn install --frozen-lockfile'],
  ])('that its package.json pins, by Corepack where that is there: %s', async (pin, files, expected) => {
    const [install] = await steps(files, pin);
    expect(install).toMatchObject({ file: 'corepack', title: expected, otherwise: { file: pin.split('@')[0] } });
  });

  test('by a Yarn that the project brings along', async () => {
    const [install] = await steps({ 'yarn.lock': berry, '.yarnrc.yml': 'yarnPath: .yarn/yarn.cjs\n' });
    expect(install).toMatchObject({ file: 'node', arguments: ['.yarn/yarn.cjs', 'install', '--immutable'] });
  });

  test('by the program of its name, else by Corepack, when no version is pinned', async () => {
    const [install] = await steps({ 'pnpm-lock.yaml': '' });
    expect(install).toMatchObject({
      file: 'pnpm',
      otherwise: { file: 'corepack' },
      install: 'enable it with `corepack enable`, or install it with `npm install --global pnpm`',
    });
  });
});

describe('a project is refused', () => {
  test.each([
    ['of Bun', { 'bun.lockb': '' }, undefined, 'is to be installed with Bun, by bun.lockb'],
    ['of Bun, by its pin', {}, 'bun@1.2.0', 'is to be installed with bun, by "packageManager"'],
    [
      'of several package managers',
      { 'yarn.lock': '', 'package-lock.json': '' },
      undefined,
      '(package-lock.json, yarn.lock): remove',
    ],
    ['of a Yarn that nobody knows', { 'yarn.lock': berry }, undefined, 'run `yarn set version stable`'],
  ])('that is %s', async (_, files, pin, message) => {
    await expect(steps(files, pin)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(message),
    });
  });
});
