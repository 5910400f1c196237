import type { RoutedService } from './table.ts';

/**
 * The addresses that have left the route table and still have calls in flight. The control plane waits for them before
 * it stops an instance.
 */
export class Draining {
  readonly #addresses = new Set<string>();
  #listener: (address: string) => void = () => {};

  get addresses(): ReadonlySet<string> {
    return this.#addresses;
  }

  /** Calls `listener` whenever the last call in flight at one of them has ended. There is one listener. */
  onDrained(listener: (address: string) => void): void {
    this.#listener = listener;
  }

  /** Services of the new table stand in the place of those of the last one. */
  replace(last: Iterable<RoutedService>, next: Iterable<RoutedService>): void {
    // First those that come, so that an instance in both never counts as gone.
    for (const { instances } of next) {
      for (const { name, state } of instances) {
        state.entersTable();
        this.#addresses.delete(name);
      }
    }
    for (const { instances } of last) {
      for (const { name, state } of instances) {
        if (state.leavesTable(() => this.#drained(name))) this.#addresses.add(name);
      }
    }
  }

  #drained(address: string): void {
    this.#addresses.delete(address);
    this.#listener(address);
  }
}
