import type { InstanceState } from './instance-state.ts';
import type { RoutedInstance } from './table.ts';

const none: ReadonlySet<InstanceState> = new Set();

/**
 * Chooses an instance for each call: the less loaded of two different ones drawn by weight, load being calls in flight per
 * weight ("The Power of Two Choices in Randomized Load Balancing", Mitzenmacher 2001). Both are of one version, so that
 * each version gets the share that its weights say, however slow it is. Immutable: a changed service gets a new picker,
 * while the load and health of its instances live on in their state.
 */
export class Picker {
  /** Those with a weight above zero, each version's next to each other. */
  readonly instances: readonly RoutedInstance[];
  readonly #random: () => number;
  /** For each instance, the sum of the weights up to it and its own. */
  readonly #cumulativeWeights: readonly number[];
  /** For each instance, where its version is among all. */
  readonly #versions: readonly Span[];
  readonly #totalWeight: number;

  constructor(instances: readonly RoutedInstance[], random: () => number) {
    this.instances = instances.filter(({ weight }) => weight > 0).toSorted(byVersion);
    this.#random = random;
    let total = 0;
    this.#cumulativeWeights = this.instances.map(({ weight }) => (total += weight));
    this.#versions = versionsOf(this.instances);
    this.#totalWeight = total;
  }

  /**
   * An instance that is not set aside; undefined when there is none.
   *
   * @param tried states of those that are not to be tried again: they stay the same when another table comes meanwhile
   */
  pick(tried: ReadonlySet<InstanceState> = none): RoutedInstance | undefined {
    if (tried.size > 0) return new Picker(this.#forAnotherTry(tried), this.#random).#healthierOfTwo();
    if (this.instances.length < 2) return this.instances[0];
    const at = this.#draw();
    const first = this.instances[at] as RoutedInstance;
    const second = this.instances[this.#drawBeside(at, this.#versions[at] as Span)] as RoutedInstance;
    // Usually this is all: nothing was allocated, and no instance looked at but these two.
    if (!first.state.isSetAside && !second.state.isSetAside) return lessLoaded(first, second);
    return new Picker(this.#forFirstTry(), this.#random).#healthierOfTwo();
  }

  /** Those not set aside; all, where that is less than half, each of which would get more than twice its share of calls. */
  #forFirstTry(): readonly RoutedInstance[] {
    const healthy = this.instances.filter(({ state }) => !state.isSetAside);
    return healthy.length >= this.instances.length / 2 ? healthy : this.instances;
  }

  #forAnotherTry(tried: ReadonlySet<InstanceState>): readonly RoutedInstance[] {
    const untried = this.instances.filter(({ state }) => !tried.has(state));
    const healthy = untried.filter(({ state }) => !state.isSetAside);
    return healthy.length > 0 ? healthy : untried;
  }

  /**
   * One that is not set aside, if only one of the two is: an instance that fails at once hardly ever has calls in flight,
   * and by load alone would be preferred. For that they may be of two versions; load is compared within one.
   */
  #healthierOfTwo(): RoutedInstance | undefined {
    if (this.instances.length < 2) return this.instances[0];
    const at = this.#draw();
    const first = this.instances[at] as RoutedInstance;
    const second = this.instances[this.#drawBeside(at, { from: 0, to: this.instances.length })] as RoutedInstance;
    if (first.state.isSetAside !== second.state.isSetAside) return first.state.isSetAside ? second : first;
    return first.version === second.version ? lessLoaded(first, second) : first;
  }

  /** The index of one instance. */
  #draw(): number {
    return this.#indexAt(this.#random() * this.#totalWeight, 0, this.instances.length - 1);
  }

  /** The index of another instance in the span, drawn as if this one were not there; its own where there is no other. */
  #drawBeside(index: number, { from, to }: Span): number {
    if (to - from === 1) return index;
    const { weight } = this.instances[index] as RoutedInstance;
    const before = (this.#cumulativeWeights[index] as number) - weight;
    const start = from === 0 ? 0 : (this.#cumulativeWeights[from - 1] as number);
    const end = this.#cumulativeWeights[to - 1] as number;
    const point = start + this.#random() * (end - start - weight);
    return this.#indexAt(point < before ? point : point + weight, from, to - 1);
  }

  /** Which instance from `low` to `high` a point between 0 and the total weight falls to. */
  #indexAt(point: number, low: number, high: number): number {
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (point < (this.#cumulativeWeights[middle] as number)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Indexes of instances, `to` excluded. */
interface Span {
  readonly from: number;
  readonly to: number;
}

function byVersion(one: RoutedInstance, other: RoutedInstance): number {
  if (one.version === other.version) return 0;
  return one.version < other.version ? -1 : 1;
}

/** @param instances each version's next to each other */
function versionsOf(instances: readonly RoutedInstance[]): readonly Span[] {
  let version: string | undefined;
  let span = { from: 0, to: 0 };
  return instances.map((instance, index) => {
    if (instance.version !== version) span = { from: index, to: index };
    version = instance.version;
    span.to = index + 1;
    return span;
  });
}

/** Of two with the same load the first, which was drawn by weight alone. */
function lessLoaded(first: RoutedInstance, second: RoutedInstance): RoutedInstance {
  return second.state.callsInFlight / second.weight < first.state.callsInFlight / first.weight ? second : first;
}
