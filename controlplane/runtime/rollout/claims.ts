/** How long something that was sent is kept for the run that is to come, in milliseconds. */
const announcedMs = 600_000;

/**
 * What work in progress needs of bundles, builds and copies of repositories, by digest, so that it is not removed though no
 * deployment names it yet.
 */
export class Claims {
  readonly #now: () => number;
  readonly #held = new Map<string, number>();
  readonly #announced = new Map<string, number>();
  #sweeping = 0;
  #letGo: string[] = [];

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Somebody is about to run what is here under a digest: ten minutes are left for that. */
  announce(digest: string): void {
    this.#announced.set(digest, this.#now() + announcedMs);
  }

  /** Keeps what is there under these digests until the function that it returns is called. What was announced has come then. */
  hold(digests: readonly string[]): () => void {
    for (const digest of digests) {
      this.#announced.delete(digest);
      this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    }
    return () => {
      // A deployment that was written since the sweep began is one that it does not know.
      if (this.#sweeping > 0) this.#letGo.push(...digests);
      else this.#release(digests);
    };
  }

  /** What `work` asks for is claimed when it was so at any time since `work` began. */
  async whileSweeping(work: (isClaimed: (digest: string) => boolean) => Promise<void>): Promise<void> {
    this.#sweeping += 1;
    try {
      for (const [digest, until] of this.#announced) if (until <= this.#now()) this.#announced.delete(digest);
      await work((digest) => this.#held.has(digest) || this.#announced.has(digest));
    } finally {
      this.#sweeping -= 1;
      if (this.#sweeping === 0) this.#release(this.#letGo.splice(0));
    }
  }

  #release(digests: readonly string[]): void {
    for (const digest of digests) {
      const count = this.#held.get(digest) ?? 0;
      if (count > 1) this.#held.set(digest, count - 1);
      else this.#held.delete(digest);
    }
  }
}
