import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { type Server, startServer } from '../../../harness/server.ts';
import { type Registration, registration } from '../../registration.ts';
import { onCore } from '../cores.ts';
import { prefix, small } from '../exchange.ts';
import type { Contender, RunningProxy, Surroundings } from './contender.types.ts';

const routedWithinMs = 120_000;

/** Below the 128 operations that etcd takes in a transaction. */
const batchSize = 100;

/** One worker, metrics on, access log off. */
export const micro: Contender = { name: 'micro', title: 'micro server', start: (options) => startMicro(options) };

export const microWithAccessLog: Contender = {
  name: 'micro-access-log',
  title: 'micro server, access log',
  start: (options) => startMicro({ ...options, accessLog: join(options.folder, 'access.log') }),
};

interface MicroOptions extends Surroundings {
  /** A file; default "off". */
  readonly accessLog?: string;
  /** What is registered besides the instance, which is the service `bench`; default nothing. */
  readonly others?: readonly Registration[];
}

/** Starts a server; the instance registers itself as one of go-micro's does. Ready when requests reach it. */
export async function startMicro(options: MicroOptions): Promise<RunningProxy> {
  const { folder, instance, core, nodeOptions, accessLog = 'off', others = [] } = options;
  const server = await startServer({
    dataDir: join(folder, 'data'),
    flags: ['--etcd-listen', '127.0.0.1:0', '--access-log', accessLog],
    env: nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions },
    launcher: onCore(core),
  });
  const dispose = async () => {
    // As whoever runs it ends it: a profiler of Node's writes what it found.
    await server.stop();
    await server[Symbol.asyncDispose]();
  };
  try {
    await register(server, [...others, registration('go.micro.service.bench', instance)]);
    await becomesRouted(server.url(`${prefix}${small.path}`));
  } catch (error) {
    await dispose();
    throw error;
  }
  return { pid: server.pid, address: server.addresses.http, [Symbol.asyncDispose]: dispose };
}

/** In their order: when the last of them is routed, so are the others. */
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

async function becomesRouted(url: string): Promise<void> {
  const giveUpAt = Date.now() + routedWithinMs;
  for (;;) {
    const answer = await fetch(url);
    const body = await answer.text();
    if (answer.ok) return;
    if (Date.now() > giveUpAt) throw new Error(`${url} is not routed after ${routedWithinMs / 1000} s: ${body}`);
    await pause(20);
  }
}
