import type { RoutedInstance } from './table.ts';

const none: ReadonlySet<RoutedInstance> = new Set();

/**
 * Chooses an instance for each call: the less loaded of two drawn by weight, load being calls in flight per weight
 * ("The Power of Two Choices in Randomized Load Balancing", Mitzenmacher 2001). Immutable: a changed service gets a
 * new picker, while the load and health of its instances live on in their state.
 */
export class Picker {
  /** Those with a weight above zero. */
  readonly instances: readonly RoutedInstance[];
  readonly #random: () => number;
  /** For each instance, the sum of the weights up to it and its own. */
  readonly #cumulativeWeights: readonly number[];
  readonly #totalWeight: number;

  constructor(instances: readonly RoutedInstance[], random: () => number) {
    this.instances = instances.filter(({ weight }) => weight > 0);
    this.#random = random;
    let total = 0;
    this.#cumulativeWeights = this.instances.map(({ weight }) => (total += weight));
    this.#totalWeight = total;
  }

  /** An instance that was not tried yet, rather one that is not set aside; undefined when there is none. */
  pick(tried: ReadonlySet<RoutedInstance> = none): RoutedInstance | undefined {
    if (this.instances.length === 0) return undefined;
    const first = this.#draw();
    const second = this.#draw();
    const isUsual = tried.size === 0 && !first.state.isSetAside && !second.state.isSetAside;
    return isUsual ? lessLoaded(first, second) : new Picker(this.#usable(tried), this.#random).#lessLoadedOfTwo();
  }

  #usable(tried: ReadonlySet<RoutedInstance>): readonly RoutedInstance[] {
    const untried = this.instances.filter((instance) => !tried.has(instance));
    const healthy = untried.filter(({ state }) => !state.isSetAside);
    // Where more than half fail, the fault is likely not theirs, and the load of all would drown the rest.
    const least = tried.size > 0 ? 1 : this.instances.length / 2;
    return healthy.length >= least ? healthy : untried;
  }

  #lessLoadedOfTwo(): RoutedInstance | undefined {
    return this.instances.length === 0 ? undefined : lessLoaded(this.#draw(), this.#draw());
  }

  #draw(): RoutedInstance {
    const at = this.#random() * this.#totalWeight;
    let low = 0;
    let high = this.instances.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (at < (this.#cumulativeWeights[middle] as number)) high = middle;
      else low = middle + 1;
    }
    return this.instances[low] as RoutedInstance;
  }
}

function lessLoaded(first: RoutedInstance, second: RoutedInstance): RoutedInstance {
  return second.state.callsInFlight / second.weight < first.state.callsInFlight / first.weight ? second : first;
}
