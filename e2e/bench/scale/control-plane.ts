import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Etcd3 } from 'etcd3';
import { execa } from 'execa';
import { startServer } from '../../harness/server.ts';
import type { Figure } from '../figure.ts';
import { type Registration, registration } from '../registration.ts';
import { atRate, perSecond, seconds } from './changes.ts';
import { processorMs } from './processor-time.ts';
import { addressOf, instances, serviceName } from './services.ts';

/** Services in one transaction: it may have 128 operations. */
const registeredAtOnce = 10;

/** No key: only what is under it. */
const registryPrefix = '/micro/registry/';

/** What a change of the registry costs a control plane, by how many services and data planes there are. */
export async function measureControlPlane(folder: string): Promise<readonly Figure[]> {
  const few = await measure(join(folder, 'few'), { services: 100, dataPlanes: 1 });
  const many = await measure(join(folder, 'many'), { services: 10_000, dataPlanes: 1 });
  const wide = await measure(join(folder, 'wide'), { services: 10_000, dataPlanes: 200 });
  const cost = { name: 'a change in a control plane, processor time', unit: 'µs' };
  const latency = { name: 'a change in the registry, until all data planes have acked it', unit: 'ms' };
  const [small, large, widest] = ['100 services', '10,000 services', '10,000 services, 200 data planes'] as const;
  return [
    { ...cost, contender: small, samples: [few.costUs] },
    { ...cost, contender: large, samples: [many.costUs], targets: [{ atMostTimes: 1.5, of: small }] },
    { ...cost, contender: widest, samples: [wide.costUs] },
    { ...latency, contender: small, samples: few.latencyMs },
    { ...latency, contender: large, samples: many.latencyMs },
    { ...latency, contender: widest, samples: wide.latencyMs },
  ];
}

async function measure(folder: string, { services, dataPlanes }: { services: number; dataPlanes: number }) {
  await using server = await startServer({
    command: 'controlplane',
    dataDir: folder,
    flags: ['--etcd-listen', '127.0.0.1:0'],
  });
  const client = new Etcd3({ hosts: server.addresses.registry });
  const program = fileURLToPath(new URL('subscribers.process.js', import.meta.url));
  const subscribers = execa(process.execPath, [program, server.addresses.control, String(dataPlanes)], {
    stdin: 'pipe',
    stderr: 'inherit',
    env: { TOKEN: server.token },
  });
  subscribers.catch(() => undefined);
  try {
    const acks = new Acks(createInterface(subscribers.stdout));
    await acks.reach(await registerAll(client, services));
    const before = await processorMs(server.pid);
    const latencyMs: Promise<number>[] = [];
    await atRate({ perSecond, seconds }, (index) => {
      const service = (index * 7) % services;
      const at = performance.timeOrigin + performance.now();
      const put = async (): Promise<number> => {
        const revision = await putInstance(client, service, instances - 1, index + 1);
        return (await acks.reach(revision)) - at;
      };
      latencyMs.push(put());
    });
    const all = await Promise.all(latencyMs);
    return { costUs: (1_000 * ((await processorMs(server.pid)) - before)) / (perSecond * seconds), latencyMs: all };
  } finally {
    subscribers.stdin.end();
    await subscribers;
    client.close();
  }
}

/** @returns the revision of the store after all of it */
async function registerAll(client: Etcd3, services: number): Promise<bigint> {
  let last = 0n;
  for (let from = 0; from < services; from += registeredAtOnce) {
    const puts = Array.from({ length: registeredAtOnce * instances }, (_, index) => {
      const service = from + Math.floor(index / instances);
      const { key, value } = registrationOf(service, index % instances, 0);
      return client.put(key).value(value);
    });
    const { header } = await client
      .if(registryPrefix, 'Version', '==', 0)
      .then(...puts)
      .commit();
    last = BigInt(header.revision);
  }
  return last;
}

async function putInstance(client: Etcd3, service: number, instance: number, generation: number): Promise<bigint> {
  const { key, value } = registrationOf(service, instance, generation);
  const { header } = await client.put(key).value(value).exec();
  return BigInt(header.revision);
}

function registrationOf(service: number, instance: number, generation: number): Registration {
  const id = `s${service}-${instance}`;
  return registration(serviceName(service), addressOf(service, instance, generation), { id });
}

/** When all data planes had a revision, as the program tells. */
class Acks {
  #revision = 0n;
  #at = 0;
  #waiting: { readonly revision: bigint; readonly resolve: (at: number) => void }[] = [];

  constructor(lines: Interface) {
    lines.on('line', (line) => {
      const [revision = '', at = ''] = line.split(' ');
      this.#revision = BigInt(revision);
      this.#at = Number(at);
      const waiting = this.#waiting;
      this.#waiting = waiting.filter((each) => each.revision > this.#revision);
      for (const each of waiting) if (each.revision <= this.#revision) each.resolve(this.#at);
    });
  }

  /** @returns when that was, by `performance` since 1970, in milliseconds; what was reached before counts as reached by now */
  reach(revision: bigint): Promise<number> {
    if (revision <= this.#revision) return Promise.resolve(this.#at);
    return new Promise((resolve) => this.#waiting.push({ revision, resolve }));
  }
}
