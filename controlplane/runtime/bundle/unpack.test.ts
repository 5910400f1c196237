import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../runtime.fixture.ts';
import { type Bundles, openBundles } from './bundles.ts';
import { digestOf } from './digest.ts';
import type { BundlePart } from './part.ts';

const limits = { bundleBytes: 100, bundleEntries: 10 };
let data: Awaited<ReturnType<typeof makeFolder>>;
let bundles: Bundles;
beforeEach(async () => {
  data = await makeFolder();
  bundles = await openBundles(data.path, limits);
});
afterEach(() => data.remove());

const folder = (path: string): BundlePart => ({ type: 'folder', path });
const file = (path: string): BundlePart => ({ type: 'file', path, executable: false });
const link = (path: string, target: string): BundlePart => ({ type: 'link', path, target });
const content = (text: string): BundlePart => ({ type: 'content', bytes: Buffer.from(text) });
async function* send(parts: readonly BundlePart[], failure?: Error): AsyncGenerator<BundlePart> {
  yield* parts;
  if (failure !== undefined) throw failure;
}
const receive = async (parts: readonly BundlePart[], digest?: string, failure?: Error): Promise<void> =>
  bundles.receive(digest ?? (await digestOf(send(parts))), send(parts, failure), new AbortController().signal);
/** All that lies in the data folder, and beside it. */
const left = async (): Promise<readonly string[]> => readdir(data.path, { recursive: true });

test.each<[string, readonly BundlePart[], RegExp]>([
  ['a path that leads out', [file('../evil')], /"\.\.\/evil" lies in no folder of the bundle/],
  ['a path that is ".."', [folder('..')], /"\.\." is no path/],
  ['a path that leads out of a folder', [folder('a'), file('a/../../evil')], /lies in no folder/],
  ['an absolute path', [file('/tmp/evil')], /"\/tmp\/evil" lies in no folder/],
  ['an absolute path of one part', [file('/evil')], /"\/evil" lies in no folder/],
  ['an empty path', [file('')], /"" is no path/],
  ['an empty part', [folder('a'), file('a//b')], /"a\/\/b" lies in no folder/],
  ['a path that is none', [file('a\0b')], /is no path/],
  ['a name that no file system takes', [file('a'.repeat(300))], /is no path/],
  ['a folder that was not sent', [file('a/b')], /"a\/b" lies in no folder/],
  ['a file as a folder', [file('a'), file('a/b')], /"a\/b" lies in no folder/],
  ['a way through a link', [folder('a'), link('b', 'a'), file('b/c')], /"b\/c" lies in no folder/],
  ['one path twice', [file('a'), file('a')], /"a" comes twice/],
  ['a file in the place of a link', [folder('b'), link('a', 'b'), file('a')], /"a" comes twice/],
  ['an absolute link', [link('a', '/etc/passwd')], /"a" is a link to "\/etc\/passwd"/],
  ['a link that leads out', [link('a', '../../..')], /"a" is a link that leads out of the bundle/],
  [
    'a link that is led out by another',
    [folder('a'), link('a/b', '..'), link('c', 'a/b/..')],
    /"c" is a link that leads out/,
  ],
  ['a link to nothing', [link('a', 'b')], /"a" is a link that leads to nothing/],
  ['a link to itself', [link('a', 'a')], /"a" is a link that leads to nothing/],
  ['content of no file', [content('x')], /begins with content/],
  ['too many files', Array.from({ length: 11 }, (_, n) => file(String(n))), /holds more than 10 files and folders/],
  [
    'too many bytes',
    [file('a'), ...Array.from({ length: 11 }, () => content('0123456789'))],
    /holds more than 100 bytes/,
  ],
])('a bundle with %s is refused, and nothing is left of it', async (_, parts, message) => {
  await expect(receive(parts)).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(message) });
  expect(await left()).toEqual(['bundles']);
});

test('a bundle that ends too early is refused, and nothing is left of it', async () => {
  const digest = await digestOf(send([file('a'), content('one'), content('two')]));
  await expect(receive([file('a'), content('one')], digest)).rejects.toThrow('is not the one that was announced');
  expect(await left()).toEqual(['bundles']);
});

test('a bundle whose sender goes away leaves nothing', async () => {
  const gone = new Error('gone');
  await expect(receive([folder('a'), file('a/b'), content('one')], undefined, gone)).rejects.toBe(gone);
  expect(await left()).toEqual(['bundles']);
});

test.each(['', 'sha256:../../x', 'x', join('..', 'x')])('the digest %j leads to no bundle', (digest) => {
  expect(bundles.find(digest)).toBeUndefined();
});
