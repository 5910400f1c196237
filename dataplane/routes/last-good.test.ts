import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { service, silent, snapshotWith } from '../data-plane.fixture.ts';
import { LastGoodFile } from './last-good.ts';

const snapshot = snapshotWith([service('go.micro.api.greeter', ['127.0.0.1:1'])], {
  clusterId: 2n ** 64n - 1n,
  revision: 7n,
});

async function temporaryFile(): Promise<LastGoodFile> {
  const folder = await mkdtemp(join(tmpdir(), 'micro-last-good-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return new LastGoodFile(join(folder, 'routes.last-good'), silent);
}

test('what is saved is loaded again', async () => {
  const file = await temporaryFile();
  file.save(() => snapshot);
  await file.flush();
  expect(await file.load()).toEqual(snapshot);
});

test('of many tables in a row the newest is on disk in the end', async () => {
  const file = await temporaryFile();
  let written = 0;
  for (let revision = 1n; revision <= 1_000n; revision += 1n) {
    file.save(() => {
      written += 1;
      return { ...snapshot, revision };
    });
  }
  await file.flush();
  expect((await file.load())?.revision).toBe(1_000n);
  expect(written).toBeLessThan(10);
});

test('without a file there is nothing to load', async () => {
  expect(await (await temporaryFile()).load()).toBeUndefined();
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['changed', (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('greeter', 'greeted'), 'latin1')],
  ['emptied', () => Buffer.alloc(0)],
])('a file that was %s is kept aside', async (_, damage) => {
  const file = await temporaryFile();
  file.save(() => snapshot);
  await file.flush();
  const damaged = damage(await readFile(file.path));
  await writeFile(file.path, damaged);
  expect(await file.load()).toBeUndefined();
  const [aside = '', ...others] = await readdir(join(file.path, '..'));
  expect(aside).toMatch(/^routes\.last-good\.damaged-/);
  expect(others).toEqual([]);
  expect(await readFile(join(file.path, '..', aside))).toEqual(damaged);
});
