import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { test as base } from 'vitest';
import { type Server, type StartOptions, startServer } from './server.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/**
 * A test of the built `micro`. What it starts ends with it, and is made to tell its log when the test fails.
 *
 * - `server`: one server, on which all tests of a file build, in their order
 * - `start`: starts a server of the test's own, with fresh data unless it is given some
 * - `folder`: a temporary folder of the test
 */
export const test = base
  .extend('servers', { scope: 'file' }, () => new Set<Server>())
  .extend('server', { scope: 'file' }, async ({ servers }, { onCleanup }) => {
    const stack = new AsyncDisposableStack();
    onCleanup(() => stack.disposeAsync());
    const folder = stack.use(await makeTemporaryFolder());
    const server = stack.use(await startServer({ dataDir: join(folder.path, 'data') }));
    servers.add(server);
    return server;
  })
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern which fixtures are needed
  .extend('folder', async ({}, { onCleanup }) => {
    const folder = await makeTemporaryFolder();
    onCleanup(() => folder[Symbol.asyncDispose]());
    return folder.path;
  })
  .extend('start', async ({ folder, servers }, { onCleanup }) => {
    const stack = new AsyncDisposableStack();
    onCleanup(() => stack.disposeAsync());
    let count = 0;
    return async (options?: Partial<StartOptions>): Promise<Server> => {
      count += 1;
      const server = stack.use(await startServer({ dataDir: join(folder, `data-${count}`), ...options }));
      servers.add(server);
      return server;
    };
  })
  .extend('showLogs', { auto: true }, ({ servers, onTestFailed }) => {
    onTestFailed(() => {
      for (const server of servers)
        process.stderr.write(`--- what micro ${server.pid} printed last:\n${server.log()}\n`);
    });
  });
