import type { Logger } from 'pino';
import type { Listing } from './listing.ts';
import type { Entry, MirrorChange } from './mirror.types.ts';

/** The local copy of a prefix, and who listens to it. It changes only by whole revisions, and only forwards. */
export class Copy {
  readonly #log: Logger;
  readonly #listeners = new Set<{ readonly prefix: string; readonly listener: (change: MirrorChange) => void }>();
  readonly #entries: Map<string, Entry>;
  #revision: bigint;
  #clusterId: bigint;

  constructor(listing: Listing, log: Logger) {
    this.#log = log;
    this.#entries = new Map(listing.entries);
    this.#revision = listing.revision;
    this.#clusterId = listing.clusterId;
  }

  get revision(): bigint {
    return this.#revision;
  }

  get clusterId(): bigint {
    return this.#clusterId;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  list(prefix: string): readonly Entry[] {
    const found = [...this.#entries.values()].filter(({ key }) => key.startsWith(prefix));
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  onChange(prefix: string, listener: (change: MirrorChange) => void): () => void {
    const entry = { prefix, listener };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** Takes over what one revision did; what is known already is passed over. */
  apply(change: MirrorChange): void {
    if (change.revision <= this.#revision) return;
    this.#revision = change.revision;
    this.#commit(change);
  }

  /** Takes over a listing as one change: what differs. Revisions of another cluster say nothing, so all of it does. */
  replace(listing: Listing): void {
    const isSameCluster = listing.clusterId === this.#clusterId;
    if (isSameCluster && listing.revision < this.#revision) return;
    const put = [...listing.entries.values()].filter(
      ({ key, modRevision }) => !isSameCluster || this.#entries.get(key)?.modRevision !== modRevision,
    );
    const deleted = [...this.#entries.keys()].filter((key) => !listing.entries.has(key));
    this.#clusterId = listing.clusterId;
    this.#revision = listing.revision;
    this.#commit({ revision: listing.revision, put, deleted });
  }

  #commit({ revision, put, deleted }: MirrorChange): void {
    for (const key of deleted) this.#entries.delete(key);
    for (const entry of put) this.#entries.set(entry.key, entry);
    for (const { prefix, listener } of this.#listeners) {
      const touched = {
        revision,
        put: put.filter(({ key }) => key.startsWith(prefix)),
        deleted: deleted.filter((key) => key.startsWith(prefix)),
      };
      if (touched.put.length === 0 && touched.deleted.length === 0) continue;
      try {
        listener(touched);
      } catch (error) {
        // One listener's defect must not keep the others from the change.
        this.#log.error({ err: error, prefix, revision }, 'a part that follows the store failed on a change');
      }
    }
  }
}
