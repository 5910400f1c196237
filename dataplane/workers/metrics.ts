import { Counter, Gauge, Registry } from 'prom-client';
import { countsOf, type Exposition, readExposition, sumOf, writeExposition } from './exposition.ts';
import type { WorkerProcess } from './worker-process.ts';

/** What a process is here. */
type Teller = Pick<WorkerProcess, 'ask'>;

export interface WorkerMetricsOptions {
  /** The present process of each worker. */
  readonly processes: () => readonly Teller[];
  readonly adminConnections: () => number;
  /** How long a process may take to tell, in milliseconds. */
  readonly timeoutMs: number;
}

/** What all workers tell, added up so that no counter ever goes back, and what is known of them here. */
export interface WorkerMetrics {
  readonly contentType: Registry['contentType'];
  metrics(): Promise<string>;
  /** A process ended by itself: what it had counted when it last told stays in the sum. */
  readonly ended: (process: Teller) => void;
}

export function createWorkerMetrics({ processes, adminConnections, timeoutMs }: WorkerMetricsOptions): WorkerMetrics {
  const own = createOwnMetrics(adminConnections);
  /** What each process told last. */
  const last = new Map<Teller, Exposition>();
  const gone = new WeakSet<Teller>();
  /** The counts of those that are gone. */
  let ofGone: Exposition = new Map();
  let adding = Promise.resolve();

  /** Whether it told. */
  async function ask(process: Teller): Promise<boolean> {
    const answer = await process.ask('metrics', timeoutMs);
    if (answer === 'silent') own.silences.inc();
    if (answer === 'silent' || answer === 'away') return false;
    const exposition = await readExposition(answer.text);
    if (gone.has(process)) return false;
    last.set(process, exposition);
    return true;
  }

  async function addGone(process: Teller): Promise<void> {
    const exposition = last.get(process);
    if (!exposition) return;
    const sum = await sumOf([ofGone, countsOf(exposition)]);
    // Both at once, so that it is neither missing nor in the sum twice.
    ofGone = sum;
    last.delete(process);
  }

  return {
    contentType: own.registry.contentType,
    async metrics() {
      const present = new Set<Teller>();
      await Promise.all(
        processes().map(async (process) => {
          if (await ask(process)) present.add(process);
        }),
      );
      own.told.set(present.size);
      const ofOwn = await readExposition(await own.registry.metrics());
      const ofWorkers = [...last].map(([process, told]) => (present.has(process) ? told : countsOf(told)));
      return writeExposition(await sumOf([...ofWorkers, ofGone, ofOwn]));
    },
    ended(process) {
      own.ends.inc();
      gone.add(process);
      adding = adding.then(() => addGone(process));
    },
  };
}

function createOwnMetrics(adminConnections: () => number) {
  const registry = new Registry();
  const registers = [registry];
  const connections = new Gauge({
    name: 'micro_open_connections',
    help: 'Connections of clients that are open.',
    labelNames: ['entrypoint'],
    registers: [],
    collect() {
      this.set({ entrypoint: 'admin' }, adminConnections());
    },
  });
  registry.registerMetric(connections);
  const told = new Gauge({
    name: 'micro_workers',
    help: 'Workers that told these metrics; of the others what they had counted before is in them.',
    registers,
  });
  const ends = new Counter({
    name: 'micro_worker_ends_total',
    help: 'Workers that ended by themselves. What they had counted since they last told their metrics is lost.',
    registers,
  });
  const silences = new Counter({
    name: 'micro_worker_silences_total',
    help: 'How often a worker did not tell its metrics in time.',
    registers,
  });
  return { registry, told, ends, silences };
}
