import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { type Server, startServer } from '../../harness/server.ts';
import type { Registration } from '../registration.ts';
import type { RunningProxy, Surroundings } from './contender.types.ts';
import { onCore } from './cores.ts';

/** Of the contender that targets are for: one worker, metrics on, access log off. */
export const microTitle = 'micro server';

const routedWithinMs = 120_000;

/** Below the 128 operations that etcd takes in a transaction. */
const batchSize = 100;

export interface MicroOptions extends Pick<Surroundings, 'folder' | 'core' | 'nodeOptions'> {
  readonly entrypoint: 'http' | 'grpc';
  /** A file; default "off". */
  readonly accessLog?: string;
  /** In their order: when the last of them is routed, so are the others. */
  readonly registrations: readonly Registration[];
  /**
   * Asks the service that was registered last.
   *
   * @returns undefined when it answered, else what came instead
   */
  readonly tryOut: (address: string) => Promise<string | undefined>;
}

/** Starts a server with instances that register themselves as go-micro's do. Ready when requests reach the last. */
export async function startMicro(options: MicroOptions): Promise<RunningProxy> {
  const { folder, core, nodeOptions, entrypoint, accessLog = 'off', registrations, tryOut } = options;
  const server = await startServer({
    dataDir: join(folder, 'data'),
    flags: ['--etcd-listen', '127.0.0.1:0', '--access-log', accessLog],
    env: nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions },
    launcher: onCore(core),
  });
  const address = server.addresses[entrypoint];
  const dispose = async () => {
    // As whoever runs it ends it: a profiler of Node's writes what it found.
    await server.stop();
    await server[Symbol.asyncDispose]();
  };
  try {
    await register(server, registrations);
    await becomesRouted(address, tryOut);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { pid: server.pid, address, [Symbol.asyncDispose]: dispose };
}

async function register({ addresses }: Server, registrations: readonly Registration[]): Promise<void> {
  const client = new Etcd3({ hosts: addresses.registry });
  for (let start = 0; start < registrations.length; start += batchSize) {
    const batch = registrations.slice(start, start + batchSize);
    const success = batch.map(({ key, value }) => ({
      request_put: { key: Buffer.from(key), value: Buffer.from(value) },
    }));
    await client.kv.txn({ compare: [], success, failure: [] });
  }
  client.close();
}

async function becomesRouted(address: string, tryOut: MicroOptions['tryOut']): Promise<void> {
  const giveUpAt = Date.now() + routedWithinMs;
  for (;;) {
    const fault = await tryOut(address);
    if (fault === undefined) return;
    if (Date.now() > giveUpAt) throw new Error(`${address} does not route after ${routedWithinMs / 1000} s: ${fault}`);
    await pause(20);
  }
}
