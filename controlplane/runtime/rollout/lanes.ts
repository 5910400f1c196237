import { ControlPlaneError } from '../../errors.ts';

interface Work {
  /** "is being run": for the message to who comes second. */
  readonly what: string;
  readonly interrupt: AbortController;
  readonly done: Promise<unknown>;
}

/** Sees to it that only one thing is done to a service at a time. */
export class Lanes {
  readonly #busy = new Map<string, Work>();

  /**
   * Does something to a service.
   *
   * @param options.signal ends it, and so does `interrupt`
   * @throws ControlPlaneError `conflict` when something else is being done to it; what `work` throws
   */
  async enter<T>(options: {
    readonly service: string;
    readonly what: string;
    readonly signal?: AbortSignal;
    readonly work: (signal: AbortSignal) => Promise<T>;
  }): Promise<T> {
    const { service, what, signal, work } = options;
    const other = this.#busy.get(service);
    if (other !== undefined) {
      throw new ControlPlaneError('conflict', `${service} ${other.what} just now; try again when that is over`);
    }
    const interrupt = new AbortController();
    const follow = (): void => interrupt.abort(signal?.reason);
    signal?.addEventListener('abort', follow);
    if (signal?.aborted) follow();
    const done = Promise.resolve()
      .then(() => work(interrupt.signal))
      .finally(() => {
        signal?.removeEventListener('abort', follow);
        this.#busy.delete(service);
      });
    this.#busy.set(service, { what, interrupt, done });
    return done;
  }

  /** The services that something is being done to. */
  services(): readonly string[] {
    return [...this.#busy.keys()];
  }

  /** Ends what is being done to a service, and resolves when it is undone. */
  async interrupt(service: string, reason: Error): Promise<void> {
    const work = this.#busy.get(service);
    work?.interrupt.abort(reason);
    // How it ended is for the one who began it.
    await work?.done.catch(() => undefined);
  }

  /** Ends all that is being done, and resolves when it is undone. */
  async interruptAll(reason: Error): Promise<void> {
    await Promise.all([...this.#busy.keys()].map((service) => this.interrupt(service, reason)));
  }
}
