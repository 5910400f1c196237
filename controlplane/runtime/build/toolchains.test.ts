import { chmod, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, writeFiles } from '../runtime.fixture.ts';
import { Toolchains } from './toolchains.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

/** Puts a program on the PATH that prints a version, and notes each time that it is asked. */
const install = async (version: string): Promise<void> => {
  const script = `#!/bin/sh\necho asked >> '${folder.path}/asked'\necho ${version}\n`;
  await writeFiles(folder.path, { 'bin/new': script });
  await chmod(join(folder.path, 'bin/new'), 0o755);
  await rename(join(folder.path, 'bin/new'), join(folder.path, 'bin/compiler'));
};
const command = { file: 'compiler', arguments: ['--version'], install: '' };
const asked = async (): Promise<number> => (await readFile(join(folder.path, 'asked'), 'utf8')).split('\n').length - 1;

test('a toolchain is asked once, however many builds depend on it, and again when it is another', async () => {
  const toolchains = new Toolchains({ PATH: `/nowhere:${folder.path}/bin:/bin` });
  await install('1');
  const first = await Promise.all([toolchains.identify(command), toolchains.identify(command)]);
  expect(first[0]).toMatch(/^[0-9a-f]{12}$/);
  expect(new Set([...first, await toolchains.identify(command)]).size).toBe(1);
  expect(await asked()).toBe(1);

  await install('2');
  expect(await toolchains.identify(command)).not.toBe(first[0]);
  await install('1');
  expect(await toolchains.identify(command)).toBe(first[0]);
  expect(await asked()).toBe(3);
});

test('one that is missing is known from any that is there', async () => {
  const toolchains = new Toolchains({ PATH: `${folder.path}/bin` });
  const missing = await toolchains.identify(command);
  expect(await toolchains.identify({ ...command, file: 'another' })).toBe(missing);
  await install('1');
  expect(await toolchains.identify(command)).not.toBe(missing);
});
