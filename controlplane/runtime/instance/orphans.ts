import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { instanceKey } from '../../registry/keys.ts';
import type { RuntimeLimits } from '../limits.ts';
import { endProcesses } from '../process/end.ts';
import { type ProcessEntry, readBootId } from '../process/table.ts';
import type { Drained } from './context.ts';
import { belongsTo, hasMark, listStrangers } from './mark.ts';
import type { InstanceRecord, InstanceRecords } from './records.ts';
import { registryId } from './registry-id.ts';

export interface OrphansOptions {
  readonly client: Etcd3;
  readonly node: string;
  readonly mark: string;
  readonly records: InstanceRecords;
  readonly drained: Drained;
  readonly limits: Pick<RuntimeLimits, 'drainMs' | 'stopGraceMs'>;
  readonly log: Logger;
}

/**
 * Finds what a runtime that was killed left behind. To be called before anything is started, by whoever has the data
 * folder for itself.
 */
export async function findOrphans(options: OrphansOptions): Promise<Orphans> {
  return new Orphans(options, await options.records.list());
}

/**
 * What a killed runtime left behind. Its instances may still serve, and may go on until their successors do.
 *
 * An orphan is a process that carries the mark, or that a record names, by pid, start time and boot: a stranger that was
 * given the same pid since then is neither.
 */
export class Orphans {
  readonly #options: OrphansOptions;
  readonly #bootId = readBootId();
  readonly #endings = new Map<string, Promise<void>>();
  #instances: readonly InstanceRecord[];

  constructor(options: OrphansOptions, instances: readonly InstanceRecord[]) {
    this.#options = options;
    this.#instances = instances;
  }

  /** The numbers of the instances of a service, which are not free yet. */
  numbersOf(service: string): readonly number[] {
    return this.#of(service).map(({ number }) => number);
  }

  /** Ends everything but the instances of these services that still run. */
  async endAllBut(services: ReadonlySet<string>): Promise<void> {
    const running = listStrangers();
    // The address of one that is gone, as all are after a boot, may soon be that of an instance of another service.
    const kept = this.#instances.filter(
      (instance) => services.has(instance.service) && running.some((entry) => this.#isProcess(entry, instance)),
    );
    const others = this.#instances.filter((instance) => !kept.includes(instance));
    await this.#end(others, (entry) => hasMark(entry, this.#options.mark) && !this.#isOf(entry, kept));
  }

  /** Ends the instances of a service, once no calls are in flight at them. Done once, however often it is asked for. */
  end(service: string): Promise<void> {
    const begun = this.#endings.get(service);
    if (begun !== undefined) return begun;
    const ending = this.#end(this.#of(service), () => false);
    this.#endings.set(service, ending);
    // While the store is away it cannot be done, and the next one who asks tries again.
    void ending.catch(() => this.#endings.delete(service));
    return ending;
  }

  #of(service: string): readonly InstanceRecord[] {
    return this.#instances.filter((instance) => instance.service === service);
  }

  async #end(instances: readonly InstanceRecord[], isOneToo: (entry: ProcessEntry) => boolean): Promise<void> {
    const { records, limits, log } = this.#options;
    await this.#deregister(instances);
    const find = (): readonly ProcessEntry[] =>
      listStrangers().filter((entry) => this.#isOf(entry, instances) || isOneToo(entry));
    const found = find();
    if (found.length > 0) log.warn({ pids: found.map(({ pid }) => pid) }, 'ending what a killed server left running');
    const left = await endProcesses(find, limits.stopGraceMs);
    if (left.length > 0) log.error({ pids: left.map(({ pid }) => pid) }, 'processes cannot be ended, even by SIGKILL');
    for (const { service, number } of instances) await records.remove(service, number);
    this.#instances = this.#instances.filter((instance) => !instances.includes(instance));
  }

  async #deregister(instances: readonly InstanceRecord[]): Promise<void> {
    const { client, node, drained, limits } = this.#options;
    if (instances.length === 0) return;
    let revision = 0n;
    for (const { service, number } of instances) {
      const key = instanceKey(service, registryId(service, node, number));
      const { deleted, header } = await client.delete().key(key).exec();
      if (deleted !== '0') revision = BigInt(header.revision);
    }
    const addresses = instances.map(({ address }) => address).filter((address) => address !== '');
    await drained(revision, addresses, limits.drainMs);
  }

  /** Whether a process is one of these instances, or was started by one. */
  #isOf(entry: ProcessEntry, instances: readonly InstanceRecord[]): boolean {
    const { mark, node } = this.#options;
    const ids = instances.map(({ service, number }) => registryId(service, node, number));
    return instances.some((instance) => this.#isProcess(entry, instance)) || belongsTo(entry, mark, ids);
  }

  /** Whether a process is the one that was recorded. */
  #isProcess({ pid, startTicks }: ProcessEntry, { process }: InstanceRecord): boolean {
    return process?.pid === pid && process.startTicks === startTicks && process.bootId === this.#bootId;
  }
}
