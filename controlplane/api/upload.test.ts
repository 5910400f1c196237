import { credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import {
  BundleEntryType,
  RuntimeClient,
  RuntimeService,
  type UploadBundleRequest,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { BundlePart } from '../runtime/bundle/part.ts';
import { deferred } from '../runtime/instance/deferred.ts';
import type { Runtime } from '../runtime/types.ts';
import { runtimeService } from './runtime.ts';

const {
  BUNDLE_ENTRY_TYPE_EXECUTABLE,
  BUNDLE_ENTRY_TYPE_FOLDER,
  BUNDLE_ENTRY_TYPE_LINK,
  BUNDLE_ENTRY_TYPE_UNSPECIFIED,
} = BundleEntryType;

/** A client of a runtime that does what the test says. */
async function serve(runtime: Partial<Runtime>): Promise<RuntimeClient> {
  const server = new Server();
  server.addService(RuntimeService, runtimeService({ runtime: runtime as Runtime, log: pino({ level: 'silent' }) }));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = new RuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
    server.forceShutdown();
  });
  return client;
}

function start(client: RuntimeClient) {
  let settle: { resolve: () => void; reject: (error: unknown) => void };
  const answered = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const call = client.uploadBundle((error) => (error ? settle.reject(error) : settle.resolve()));
  const write = (...parts: UploadBundleRequest['part'][]) => parts.forEach((part) => call.write({ part }));
  return { call, write, answered };
}
const digest = { $case: 'digest', value: 'sha256:1' } as const;
const entry = (path: string, type: BundleEntryType, target = '') =>
  ({ $case: 'entry', value: { path, type, target } }) as const;
const content = { $case: 'content', value: Buffer.from('text') } as const;

test('a bundle comes as its parts, in their order', async () => {
  const received: BundlePart[] = [];
  const client = await serve({
    hasBundle: () => false,
    async receiveBundle(of, parts) {
      expect(of).toBe('sha256:1');
      for await (const part of parts) received.push(part);
    },
  });
  const { call, write, answered } = start(client);
  write(digest, entry('a', BUNDLE_ENTRY_TYPE_FOLDER), entry('a/b', BUNDLE_ENTRY_TYPE_EXECUTABLE), content);
  write(entry('c', BUNDLE_ENTRY_TYPE_LINK, 'a'));
  call.end();
  await answered;
  expect(received).toEqual([
    { type: 'folder', path: 'a' },
    { type: 'file', path: 'a/b', executable: true },
    { type: 'content', bytes: Buffer.from('text') },
    { type: 'link', path: 'c', target: 'a' },
  ]);
});

test('a bundle that is here already is not heard out', async () => {
  const { write, answered } = start(await serve({ hasBundle: () => true }));
  write(digest);
  expect(await answered).toBeUndefined();
});

test.each<[string, readonly UploadBundleRequest['part'][], string]>([
  ['no digest', [content], 'does not begin with a digest'],
  ['two digests', [digest, digest], 'neither an entry nor content'],
  ['an entry of no type', [digest, entry('a', BUNDLE_ENTRY_TYPE_UNSPECIFIED)], '"a", which is of no known type'],
])('an upload with %s is refused', async (_, parts, details) => {
  const client = await serve({
    hasBundle: () => false,
    async receiveBundle(_digest, received) {
      const iterator = received[Symbol.asyncIterator]();
      while (!(await iterator.next()).done);
    },
  });
  const { write, answered } = start(client);
  write(...parts);
  await expect(answered).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining(details),
  });
});

test('an upload whose caller goes away in the middle is not waited for', async () => {
  const begun = deferred();
  const ended = deferred();
  const client = await serve({
    hasBundle: () => false,
    async receiveBundle(_digest, parts) {
      const iterator = parts[Symbol.asyncIterator]();
      await iterator.next();
      begun.resolve();
      await iterator.next().finally(() => ended.resolve());
    },
  });
  const { call, write, answered } = start(client);
  write(digest, entry('a', BUNDLE_ENTRY_TYPE_EXECUTABLE));
  await begun.promise;
  call.cancel();
  await expect(answered).rejects.toMatchObject({ code: status.CANCELLED });
  await ended.promise;
});
