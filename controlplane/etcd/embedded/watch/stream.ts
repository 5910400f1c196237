import type { Event } from '../../gen/kv.ts';
import type { WatchCreateRequest, WatchResponse } from '../../gen/rpc.ts';
import type { Commit } from '../store/committer.ts';
import type { Store } from '../store/store.ts';
import { headerOf } from '../rpc.ts';
import { fragmentsOf } from './fragments.ts';
import { toEvent, toWish, type Watch, wants } from './watch.ts';

export interface WatchStreamOptions {
  readonly store: Store;
  /** Returns false when the client has to read first; `drained` says when it has. */
  readonly send: (response: WatchResponse) => boolean;
}

/** The id that etcd gives to what concerns no watch, or all of them. */
const noWatch = -1n;

/** A client that wants more is likely broken. etcd has no such limit. */
const maxWatches = 10_000;

/** How much history is read before others come between: changes looked at, and bytes to send. */
const maxReadChanges = 1_000;
const maxReadBytes = 1024 * 1024;

/**
 * The watches of one gRPC stream. Each is in one of two states:
 *
 * - in step: it gets the changes of each commit as they happen;
 * - behind, at a revision: it wants older changes, or the client was too slow to take a newer one. It reads them from
 *   history, as fast as the client takes them, and is then in step. So nothing is queued for a slow client.
 */
export class WatchStream {
  readonly #store: Store;
  readonly #send: WatchStreamOptions['send'];
  /** Each with the first revision that it wants. */
  readonly #inStep = new Map<bigint, { readonly watch: Watch; readonly from: bigint }>();
  readonly #behind = new Map<bigint, { readonly watch: Watch; readonly from: bigint }>();
  /** Watches that were sent something since the last `notifyProgress`. */
  #active = new Set<bigint>();
  #nextId = 0n;
  #isBlocked = false;
  #owesProgress = false;
  #reading: NodeJS.Immediate | undefined;

  constructor({ store, send }: WatchStreamOptions) {
    this.#store = store;
    this.#send = send;
  }

  create(request: WatchCreateRequest): void {
    const wish = toWish(request);
    if (wish === undefined) return this.#refuse('mvcc: watcher range is empty');
    const id = this.#chooseId(request.watchId);
    if (id === undefined) return this.#refuse('mvcc: duplicate watch ID provided on the WatchStream');
    if (this.#inStep.size + this.#behind.size >= maxWatches)
      return this.#refuse(`etcdserver: a stream takes up to ${maxWatches} watches: open another one`);
    const watch = { id, ...wish };
    const { revision } = this.#store;
    this.#write({ watchId: watch.id, created: true });
    if (request.startRevision > 0n && request.startRevision <= revision) {
      this.#behind.set(watch.id, { watch, from: request.startRevision });
      this.#readSoon();
    } else {
      this.#inStep.set(watch.id, { watch, from: request.startRevision > 0n ? request.startRevision : revision + 1n });
    }
  }

  cancel(id: bigint): void {
    if (this.#remove(id)) this.#write({ watchId: id, canceled: true });
  }

  /** Tells the client, when all its watches are in step, up to which revision it has seen everything. */
  requestProgress(): void {
    this.#owesProgress = true;
    this.#payProgress();
  }

  /** Tells the watches that want it, and were sent nothing since the last time, up to where they have seen all. */
  notifyProgress(): void {
    const active = this.#active;
    this.#active = new Set();
    if (this.#isBlocked) return;
    for (const { watch } of this.#inStep.values()) {
      if (watch.progressNotify && !active.has(watch.id)) this.#write({ watchId: watch.id });
    }
  }

  publish({ revision, changes }: Commit): void {
    for (const { watch, from } of this.#inStep.values()) {
      if (revision < from) continue;
      const wanted = changes.filter((change) => wants(watch, change));
      if (wanted.length === 0) continue;
      if (this.#isBlocked) {
        this.#inStep.delete(watch.id);
        this.#behind.set(watch.id, { watch, from: revision });
      } else {
        const view = this.#store.view(revision);
        this.#writeEvents(
          watch,
          revision,
          wanted.map((change) => toEvent(watch, view, change)),
        );
      }
    }
  }

  /** The client takes more now. */
  drained(): void {
    this.#isBlocked = false;
    this.#readSoon();
    this.#payProgress();
  }

  close(): void {
    if (this.#reading) clearImmediate(this.#reading);
    this.#inStep.clear();
    this.#behind.clear();
  }

  #refuse(cancelReason: string): void {
    this.#write({ watchId: noWatch, created: true, canceled: true, cancelReason });
  }

  #chooseId(wanted: bigint): bigint | undefined {
    const isTaken = (id: bigint): boolean => this.#inStep.has(id) || this.#behind.has(id);
    if (wanted !== 0n) return isTaken(wanted) ? undefined : wanted;
    while (isTaken(this.#nextId)) this.#nextId += 1n;
    this.#nextId += 1n;
    return this.#nextId - 1n;
  }

  #remove(id: bigint): boolean {
    this.#active.delete(id);
    const removed = this.#inStep.delete(id) || this.#behind.delete(id);
    if (removed) this.#payProgress();
    return removed;
  }

  #readSoon(): void {
    if (this.#isBlocked || this.#behind.size === 0) return;
    this.#reading ??= setImmediate(() => {
      this.#reading = undefined;
      this.#readNext();
    });
  }

  /** Lets the watch that waits longest read a part of history, and puts it last. */
  #readNext(): void {
    const [next] = this.#behind.values();
    if (next === undefined || this.#isBlocked) return;
    const { watch, from } = next;
    this.#behind.delete(watch.id);
    const { revision, compactedRevision } = this.#store;
    if (from < compactedRevision) {
      this.#active.delete(watch.id);
      this.#write({ watchId: watch.id, canceled: true, compactRevision: compactedRevision });
    } else {
      const { events, upTo } = this.#readHistory(watch, from);
      if (upTo === revision) this.#inStep.set(watch.id, { watch, from: revision + 1n });
      else this.#behind.set(watch.id, { watch, from: upTo + 1n });
      if (events.length > 0) this.#writeEvents(watch, upTo, events);
    }
    this.#readSoon();
    this.#payProgress();
  }

  /** Whole revisions only: a client may take the end of a response for the end of a revision. */
  #readHistory(watch: Watch, from: bigint): { readonly events: readonly Event[]; readonly upTo: bigint } {
    const view = this.#store.view();
    const events: Event[] = [];
    let changes = 0;
    let bytes = 0;
    let upTo = from - 1n;
    for (const change of view.changes(from)) {
      const { revision } = change.position;
      if (revision > upTo && (changes >= maxReadChanges || bytes >= maxReadBytes)) return { events, upTo };
      upTo = revision;
      changes += 1;
      if (!wants(watch, change)) continue;
      const event = toEvent(watch, view, change);
      events.push(event);
      bytes += change.kv.value.length + (event.prevKv?.value.length ?? 0);
    }
    return { events, upTo: view.revision };
  }

  #payProgress(): void {
    if (!this.#owesProgress || this.#isBlocked || this.#behind.size > 0) return;
    this.#owesProgress = false;
    this.#write({ watchId: noWatch });
  }

  #writeEvents(watch: Watch, revision: bigint, events: readonly Event[]): void {
    this.#active.add(watch.id);
    const response = this.#response({ watchId: watch.id, events }, revision);
    for (const part of watch.fragment ? fragmentsOf(response) : [response]) this.#transmit(part);
  }

  #write(response: Partial<WatchResponse> & Pick<WatchResponse, 'watchId'>): void {
    this.#transmit(this.#response(response));
  }

  #transmit(response: WatchResponse): void {
    if (!this.#send(response)) this.#isBlocked = true;
  }

  #response(response: Partial<WatchResponse> & Pick<WatchResponse, 'watchId'>, revision?: bigint): WatchResponse {
    return {
      header: headerOf(this.#store, revision),
      created: false,
      canceled: false,
      compactRevision: 0n,
      cancelReason: '',
      fragment: false,
      events: [],
      ...response,
    };
  }
}
