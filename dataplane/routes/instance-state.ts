import { type Chance, Failures } from './failures.ts';

/** What this data plane knows of an instance, from its own calls and checks. Outlives route tables. */
export class InstanceState {
  #callsInFlight = 0;
  /** How often the present table has it. */
  #places = 0;
  /** Set while it has left the table with calls in flight. */
  #onDrained: (() => void) | undefined;
  readonly #failures: Failures;
  #failedChecks = 0;

  constructor(chance: Chance) {
    this.#failures = new Failures(chance);
  }

  /** Calls, streams and WebSockets that have begun and not ended. */
  get callsInFlight(): number {
    return this.#callsInFlight;
  }

  /** A call is sent to the instance. */
  begin(): void {
    this.#callsInFlight += 1;
    this.#failures.callBegins();
  }

  /** A call that began is over, however it ended. */
  end(): void {
    this.#callsInFlight -= 1;
    if (this.#onDrained !== undefined && this.#callsInFlight === 0) this.#onDrained();
  }

  /** The present table has it, or has it once more. */
  entersTable(): void {
    this.#places += 1;
    this.#onDrained = undefined;
  }

  /**
   * The present table has it once less.
   *
   * @param onDrained called when the last call in flight has ended, unless it is back in the table before that
   * @returns whether that is to be waited for: the table has it no more, and calls are in flight
   */
  leavesTable(onDrained: () => void): boolean {
    this.#places -= 1;
    if (this.#places > 0 || this.#callsInFlight === 0) return false;
    this.#onDrained = () => {
      this.#onDrained = undefined;
      onDrained();
    };
    return true;
  }

  /** Whether the picker avoids this instance for now. */
  get isSetAside(): boolean {
    return this.#failedChecks > 0 || this.#failures.isSetAside;
  }

  /**
   * A call got no answer.
   *
   * @param kind `connect` when the instance could not be reached, `broken` when the call was lost on the way
   */
  failed(kind: 'connect' | 'broken'): void {
    this.#failures.callFailed(kind);
  }

  /**
   * The instance answered a call: to be told as soon as the head of the answer is there.
   *
   * @param status of HTTP; of these 502, 503 and 504 count as failures. A gRPC status is a matter of the service alone.
   */
  answered(status = 200): void {
    this.#failures.callAnswered(status);
  }

  /** An active check, of those that are made of the instance, has failed so often that no calls are to go there. */
  checkFailed(): void {
    this.#failedChecks += 1;
  }

  /** A check that failed does so no more, or is made no more. */
  checkPassed(): void {
    this.#failedChecks -= 1;
  }
}

/** Hands out the one state of each address, for as long as a route table or a call holds it. */
export class InstanceStates {
  readonly #chance: Chance;
  readonly #states = new Map<string, WeakRef<InstanceState>>();
  readonly #forget = new FinalizationRegistry<string>((address) => {
    if (this.#states.get(address)?.deref() === undefined) this.#states.delete(address);
  });

  constructor({ now = () => performance.now(), random = Math.random }: Partial<Chance> = {}) {
    this.#chance = { now, random };
  }

  at(address: string): InstanceState {
    const known = this.#states.get(address)?.deref();
    if (known) return known;
    const state = new InstanceState(this.#chance);
    this.#states.set(address, new WeakRef(state));
    this.#forget.register(state, address);
    return state;
  }
}
