import type { RoutedService } from './table.ts';

/**
 * Services by their full names. Immutable: a change makes a new one at a cost that grows with the square root of the number of
 * services, as most of it is shared with the one before.
 */
export class ServiceMap implements Iterable<RoutedService> {
  readonly #base: ReadonlyMap<string, RoutedService>;
  /** What is not as in the base; undefined for what is gone. */
  readonly #changes: ReadonlyMap<string, RoutedService | undefined>;

  private constructor(
    base: ReadonlyMap<string, RoutedService>,
    changes: ReadonlyMap<string, RoutedService | undefined> = new Map(),
  ) {
    this.#base = base;
    this.#changes = changes;
  }

  static of(services: Iterable<RoutedService>): ServiceMap {
    return new ServiceMap(new Map(Array.from(services, (service) => [service.name, service])));
  }

  get(name: string): RoutedService | undefined {
    if (this.#changes.size > 0) {
      const changed = this.#changes.get(name);
      if (changed !== undefined || this.#changes.has(name)) return changed;
    }
    return this.#base.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *[Symbol.iterator](): Iterator<RoutedService> {
    for (const service of this.#base.values()) if (!this.#changes.has(service.name)) yield service;
    for (const service of this.#changes.values()) if (service !== undefined) yield service;
  }

  /** The same with other services, and without some. */
  with(changed: Iterable<RoutedService>, removed: Iterable<string>): ServiceMap {
    const changes = new Map(this.#changes);
    for (const name of removed) changes.set(name, undefined);
    for (const service of changed) changes.set(service.name, service);
    // To copy the changes each time costs as much as to make a new base once in so many times.
    if (changes.size ** 2 <= 2 * this.#base.size) return new ServiceMap(this.#base, changes);
    return ServiceMap.of(new ServiceMap(this.#base, changes));
  }

  /** What is another service here than there, or is in only one of the two. */
  *changesSince(
    before: ServiceMap,
  ): Iterable<{ readonly before: RoutedService | undefined; readonly after: RoutedService | undefined }> {
    const names = new Set([...before.#changes.keys(), ...this.#changes.keys()]);
    if (before.#base !== this.#base) {
      for (const name of before.#base.keys()) names.add(name);
      for (const name of this.#base.keys()) names.add(name);
    }
    for (const name of names) {
      const change = { before: before.get(name), after: this.get(name) };
      if (change.before !== change.after) yield change;
    }
  }
}
