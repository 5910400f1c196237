/** How long an instance is set aside after its first failure in a row; each further one doubles it. */
const firstSetAsideMs = 1_000;
const longestSetAsideMs = 30_000;

/** What this data plane knows of an instance from its own calls. Outlives route tables. */
export class InstanceState {
  #callsInFlight = 0;
  #failuresInARow = 0;
  #setAsideUntil = 0;

  /** Calls, streams and WebSockets that have begun and not ended. */
  get callsInFlight(): number {
    return this.#callsInFlight;
  }

  /** A call is sent to the instance. */
  begin(): void {
    this.#callsInFlight += 1;
  }

  /** A call that began is over, however it ended. */
  end(): void {
    this.#callsInFlight -= 1;
  }

  /** Whether the picker avoids this instance for now. */
  get isSetAside(): boolean {
    return this.#failuresInARow > 0 && performance.now() < this.#setAsideUntil;
  }

  /** The instance could not be reached. */
  failed(): void {
    const setAsideMs = Math.min(firstSetAsideMs * 2 ** this.#failuresInARow, longestSetAsideMs);
    this.#failuresInARow += 1;
    this.#setAsideUntil = performance.now() + setAsideMs;
  }

  /** The instance answered, whatever the answer was. */
  answered(): void {
    this.#failuresInARow = 0;
  }
}

/** Hands out the one state of each address, for as long as a route table or a call holds it. */
export class InstanceStates {
  readonly #states = new Map<string, WeakRef<InstanceState>>();
  readonly #forget = new FinalizationRegistry<string>((address) => {
    if (this.#states.get(address)?.deref() === undefined) this.#states.delete(address);
  });

  at(address: string): InstanceState {
    const known = this.#states.get(address)?.deref();
    if (known) return known;
    const state = new InstanceState();
    this.#states.set(address, new WeakRef(state));
    this.#forget.register(state, address);
    return state;
  }
}
