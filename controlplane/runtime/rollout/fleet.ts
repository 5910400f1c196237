import type { InstanceContext } from '../instance/context.ts';
import { Instance, type InstanceSpecification } from '../instance/instance.ts';
import { belongsTo, listStrangers } from '../instance/mark.ts';
import type { Orphans } from '../instance/orphans.ts';
import { registryId } from '../instance/registry-id.ts';
import { endProcesses } from '../process/end.ts';
import type { ProcessEntry } from '../process/table.ts';

/** The instances of this node, by service: what runs, whether or not it is yet, or still, what should. */
export class Fleet {
  readonly #context: InstanceContext;
  readonly #orphans: Pick<Orphans, 'numbersOf'>;
  readonly #services = new Map<string, Set<Instance>>();

  constructor(context: InstanceContext, orphans: Pick<Orphans, 'numbersOf'>) {
    this.#context = context;
    this.#orphans = orphans;
  }

  of(service: string): readonly Instance[] {
    return [...(this.#services.get(service) ?? [])];
  }

  /** Whether an instance runs of what was built of a bundle. */
  runs(bundle: string): boolean {
    return [...this.#services.values()].some((instances) =>
      [...instances].some(({ specification }) => specification.bundle === bundle),
    );
  }

  /** Starts `count` more instances of a service, with the lowest numbers that are free. */
  start(specification: Omit<InstanceSpecification, 'number'>, count: number): readonly Instance[] {
    const { service } = specification;
    const instances = this.#services.get(service) ?? new Set();
    this.#services.set(service, instances);
    const running = [...instances].map((instance) => instance.specification.number);
    const taken = new Set([...running, ...this.#orphans.numbersOf(service)]);
    const started: Instance[] = [];
    for (let number = 1; started.length < count; number += 1) {
      if (!taken.has(number)) started.push(new Instance({ ...specification, number }, this.#context));
    }
    for (const instance of started) instances.add(instance);
    return started;
  }

  /** Stops instances, and whatever they started that left their process groups. */
  async stop(instances: readonly Instance[]): Promise<void> {
    await Promise.all(instances.map((instance) => instance.stop()));
    await this.#endEscaped(instances);
    for (const instance of instances) {
      const { service } = instance.specification;
      const others = this.#services.get(service);
      others?.delete(instance);
      if (others?.size === 0) this.#services.delete(service);
    }
  }

  async #endEscaped(instances: readonly Instance[]): Promise<void> {
    const { node, mark, limits, log } = this.#context;
    const ids = instances.map(({ specification: { service, number } }) => registryId(service, node, number));
    const find = (): readonly ProcessEntry[] => listStrangers().filter((entry) => belongsTo(entry, mark, ids));
    const left = await endProcesses(find, limits.stopGraceMs);
    if (left.length > 0) log.error({ pids: left.map(({ pid }) => pid) }, 'processes cannot be ended, even by SIGKILL');
  }

  async stopAll(): Promise<void> {
    await this.stop([...this.#services.values()].flatMap((instances) => [...instances]));
  }
}
