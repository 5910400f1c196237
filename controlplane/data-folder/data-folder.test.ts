import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataFolder } from './data-folder.ts';

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'micro-data-folder-'));
  path = join(parent, 'data');
});
afterEach(() => rm(parent, { recursive: true }));

test('a new folder gets a token and a node name, for its owner alone, and keeps them', async () => {
  const first = await openDataFolder({ path });
  expect(first.token).toMatch(/^[\w-]{43}$/);
  expect(first.node).toMatch(/^[a-z0-9][a-z0-9-]*-[0-9a-f]{4}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect((await stat(join(path, 'token'))).mode & 0o777).toBe(0o600);
  await first.release();

  const second = await openDataFolder({ path });
  expect([second.token, second.node]).toEqual([first.token, first.node]);
  await second.release();
});

test('a token that is given is used and not written down', async () => {
  const folder = await openDataFolder({ path, token: 'given' });
  expect(folder.token).toBe('given');
  await expect(readFile(join(path, 'token'))).rejects.toThrow('ENOENT');
  await folder.release();
});

test('a folder in use is refused, with the process that holds it', async () => {
  const folder = await openDataFolder({ path });
  await expect(openDataFolder({ path })).rejects.toThrow(`the data folder ${path} is in use by process ${process.pid}`);
  await folder.release();
  await (await openDataFolder({ path })).release();
});

test('a holder that is killed lets the folder go', async () => {
  const script = `
    import { openSync } from 'node:fs';
    import native from 'fs-native-extensions';
    if (!native.tryLock(openSync(${JSON.stringify(join(parent, 'data', 'lock'))}, 'a+'))) process.exit(1);
    console.log('locked');
    setInterval(() => {}, 1000);`;
  await (await openDataFolder({ path })).release();
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  await expect(openDataFolder({ path })).rejects.toThrow('is in use');
  holder.kill('SIGKILL');
  await ended;
  await (await openDataFolder({ path })).release();
});

test('a place that cannot be a folder is named, with what to do', async () => {
  await writeFile(path, '');
  await expect(openDataFolder({ path })).rejects.toThrow(/data folder .*EEXIST.*--data-dir/);
});

test('an empty token is refused rather than used', async () => {
  await (await openDataFolder({ path })).release();
  await writeFile(join(path, 'token'), '');
  await expect(openDataFolder({ path })).rejects.toThrow(`${join(path, 'token')} is empty`);
});
