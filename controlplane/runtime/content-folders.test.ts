import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openBuildFolders } from './build/build-folders.ts';
import { openContentFolders } from './content-folders.ts';
import { deferred } from './instance/deferred.ts';
import { makeFolder } from './runtime.fixture.ts';

const digest = (character: string): string => `sha256:${character.repeat(64)}`;

async function makeRoot(): Promise<string> {
  const folder = await makeFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

test('what nobody needs is removed, read-only folders too, and nothing else', async () => {
  const root = await makeRoot();
  const folders = await openContentFolders(root);
  for (const character of ['a', 'b']) {
    await folders.add(async (folder) => {
      await mkdir(join(folder, 'inner'));
      await writeFile(join(folder, 'inner', 'file'), character);
      await chmod(join(folder, 'inner'), 0o555);
      await chmod(folder, 0o555);
      return digest(character);
    });
  }
  await writeFile(join(root, 'notes'), 'of somebody else');
  await folders.keepOnly((one) => one === digest('a'));
  expect(folders.find(digest('a'))).toBeDefined();
  expect(folders.find(digest('b'))).toBeUndefined();
  expect(await readdir(root)).toEqual(['a'.repeat(64), 'notes']);
});

test('one that is needed again while it is removed is made anew', async () => {
  const folders = await openContentFolders(await makeRoot());
  const add = (content: string) =>
    folders.add(async (folder) => {
      await writeFile(join(folder, content), content);
      return digest('a');
    });
  await add('first');
  let added: ReturnType<typeof add> | undefined;
  await folders.keepOnly(() => {
    added = add('second');
    return false;
  });
  expect(await readdir((await added)?.folder ?? '')).toEqual(['second']);
});

test('a build that is being made is left alone, whoever needs it', async () => {
  const root = await makeRoot();
  const folders = await openBuildFolders(root);
  const name = (letter: string) => `${letter.repeat(64)}-0f`;
  await folders.make(name('b'), async () => undefined);
  const [begun, ended] = [deferred(), deferred()];
  const made = folders.make(name('a'), async (folder) => {
    await writeFile(join(folder, 'file'), '');
    begun.resolve();
    await ended.promise;
  });
  await begun.promise;
  await folders.keepOnly(() => false);
  ended.resolve();
  expect(await readdir(await made)).toEqual(['file']);
  expect(await readdir(root)).toEqual([name('a')]);
  await folders.keepOnly(() => false);
  expect(folders.find(name('a'))).toBeUndefined();
});
