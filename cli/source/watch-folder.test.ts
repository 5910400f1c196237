import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FolderWatch, watchFolder } from './watch-folder.ts';

let folder: string;
let watch: FolderWatch;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'micro-watch-')));
  await writeFile(join(folder, '.gitignore'), 'out/\n');
  watch = await watchFolder(folder);
});
afterEach(async () => {
  watch[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

test('folders that come with folders and files inside are followed from their beginning', async () => {
  for (let count = 0; count < 10; count += 1) {
    const deep = join(folder, `a${count}`, 'b', 'c');
    await mkdir(deep, { recursive: true });
    await writeFile(join(deep, 'file'), 'one');
    await watch.changed();
    await writeFile(join(deep, 'file'), 'two');
    await expect(watch.changed()).resolves.toBeUndefined();
  }
});

test('a folder that takes the place of another is followed', async () => {
  await mkdir(join(folder, 'a'));
  await watch.changed();
  await mkdir(join(folder, 'b'));
  await watch.changed();
  await rm(join(folder, 'a'), { recursive: true });
  await rename(join(folder, 'b'), join(folder, 'a'));
  await watch.changed();
  await writeFile(join(folder, 'a/file'), 'one');
  await expect(watch.changed()).resolves.toBeUndefined();
});

test('the data folder of a server inside is left alone', async () => {
  const data = join(folder, 'data');
  await mkdir(data);
  for (const name of ['lock', 'node', 'token']) await writeFile(join(data, name), '');
  await mkdir(join(folder, 'out'));
  await watch.changed();

  let told = false;
  const changed = watch.changed().then(() => {
    told = true;
  });
  await writeFile(join(data, 'store'), 'written all the time');
  await writeFile(join(folder, 'out/main.js'), 'built');
  // An event of its own that is not ignored, read from the same queue of the kernel: what came before would be told already.
  await using other = await watchOther();
  await other.change();
  expect(told).toBe(false);
  await writeFile(join(folder, 'file'), '');
  await changed;
});

/** Another watch in this process, and a change of what it watches. */
async function watchOther() {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'micro-watch-')));
  const watch = await watchFolder(path);
  return {
    async change() {
      await writeFile(join(path, 'file'), '');
      await watch.changed();
    },
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      await rm(path, { recursive: true });
    },
  };
}
