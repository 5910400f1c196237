import { randomBytes, randomInt } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnMicro } from './command.ts';
import { type Server, startServer } from './server.ts';

/** How to start the nodes of a cluster, each on an address of the loopback of its own, as if on a machine of its own. */
export interface Nodes extends AsyncDisposable {
  /** "127.31.7.1" for the first, which has the number 1. */
  address(number: number): string;
  /** Where the content is that all nodes share. */
  readonly tokenFile: string;
  dataDir(number: number): string;
  /**
   * Starts a node, on the data that it has, and waits until it is ready.
   *
   * @param options.onLine hears of each line that it prints
   * @param options.flags besides its address, the list of all, and the token; or instead of them
   */
  start(number: number, options?: StartNodeOptions): Promise<Server>;
  /** Starts a node that does not become ready, and waits until it prints such a line. */
  startWaiting(
    number: number,
    line: RegExp,
    options?: Pick<StartNodeOptions, 'flags'>,
  ): Promise<AsyncDisposable & { readonly line: string }>;
  /** Removes the data of a node that does not run. */
  forget(number: number): Promise<void>;
}

interface StartNodeOptions {
  readonly onLine?: (line: string) => void;
  readonly flags?: Readonly<Record<string, string>>;
}

/** @param count of those that are in the list */
export async function makeNodes(folder: string, count: number): Promise<Nodes> {
  // The ports of a cluster are the same on each node: addresses that nobody else has make them free.
  const network = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const address = (number: number) => `${network}.${number}`;
  const tokenFile = join(folder, 'cluster-token');
  await writeFile(tokenFile, randomBytes(32).toString('base64url'), { mode: 0o600 });
  const list = Array.from({ length: count }, (_, index) => address(index + 1)).join();
  const dataDir = (number: number) => join(folder, `node-${number}`);
  const started = new Set<Server>();
  const flagsOf = (number: number, other: Readonly<Record<string, string>> = {}) => {
    const own = {
      '--address': address(number),
      '--nodes': list,
      '--cluster-token-file': tokenFile,
      '--control': ':8083',
      '--etcd-listen': '127.0.0.1:0',
    };
    return Object.entries({ ...own, ...other }).flat();
  };
  return {
    address,
    tokenFile,
    dataDir,
    async start(number, { onLine, flags } = {}) {
      const server = await startServer({
        dataDir: dataDir(number),
        flags: flagsOf(number, flags),
        ...(onLine && { onLine }),
      });
      started.add(server);
      return server;
    },
    async startWaiting(number, pattern, { flags } = {}) {
      const child = spawnMicro(['server', '--data-dir', dataDir(number), ...flagsOf(number, flags)]);
      const lines: string[] = [];
      const line = await new Promise<string>((resolve, reject) => {
        void (async () => {
          for await (const line of child.iterable({ from: 'all' })) {
            lines.push(line);
            if (pattern.test(line)) resolve(line);
          }
          reject(new Error(`the node printed nothing of the kind, but:\n${lines.join('\n')}`));
        })();
      });
      return {
        line,
        async [Symbol.asyncDispose]() {
          child.kill('SIGTERM');
          await child;
        },
      };
    },
    forget: (number) => rm(dataDir(number), { recursive: true }),
    async [Symbol.asyncDispose]() {
      // Not one after the other: what is left of a cluster that loses its majority would wait for the others.
      await Promise.all([...started].map((server) => server.fail()));
    },
  };
}
