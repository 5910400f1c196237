import type { InstanceContext } from '../instance/context.ts';
import { Instance, type InstanceSpecification } from '../instance/instance.ts';

/** The instances of this node, by service: what runs, whether or not it is yet, or still, what should. */
export class Fleet {
  readonly #context: InstanceContext;
  readonly #services = new Map<string, Set<Instance>>();

  constructor(context: InstanceContext) {
    this.#context = context;
  }

  of(service: string): readonly Instance[] {
    return [...(this.#services.get(service) ?? [])];
  }

  /** Starts `count` more instances of a service, with the lowest numbers that are free. */
  start(specification: Omit<InstanceSpecification, 'number'>, count: number): readonly Instance[] {
    const { service } = specification;
    const instances = this.#services.get(service) ?? new Set();
    this.#services.set(service, instances);
    const taken = new Set([...instances].map((instance) => instance.specification.number));
    const started: Instance[] = [];
    for (let number = 1; started.length < count; number += 1) {
      if (!taken.has(number)) started.push(new Instance({ ...specification, number }, this.#context));
    }
    for (const instance of started) instances.add(instance);
    return started;
  }

  async stop(instances: readonly Instance[]): Promise<void> {
    await Promise.all(
      instances.map(async (instance) => {
        const { service } = instance.specification;
        await instance.stop();
        const others = this.#services.get(service);
        others?.delete(instance);
        if (others?.size === 0) this.#services.delete(service);
      }),
    );
  }

  async stopAll(): Promise<void> {
    await this.stop([...this.#services.values()].flatMap((instances) => [...instances]));
  }
}
