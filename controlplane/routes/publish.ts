import type { Delta, Service, Snapshot } from '../../proto/gen/micro/routes/v1/routes.ts';
import type { RouteSource, RouteSubscriber, RouteUpdate } from '../../proto/routes/source.ts';

/** The route table of this control plane, and the data planes that are kept up to date with it. */
export interface RoutePublisher extends RouteSource {
  /** Takes over what changed, and sends it to every subscriber. */
  update(change: RouteChange): void;
  /** The route table as it stands. */
  snapshot(): Snapshot;
  /** Every data plane that listens. */
  subscribers(): readonly SubscriberState[];
  /**
   * Resolves when the table is compiled from `revision` or later and every data plane that listens now has acked it,
   * refused it or left; `false` when that takes longer than `timeoutMs`.
   */
  settled(revision: bigint, timeoutMs: number): Promise<boolean>;
  /**
   * Resolves when no data plane has calls in flight any more at `addresses`, which left the table at a revision that has
   * `settled`; `false` when that takes longer than `timeoutMs`. Addresses that the table has are not waited for.
   *
   * A data plane that is lost with calls in flight is waited for until it could be back: a broken stream says nothing
   * about them. After that it is taken for dead, and its calls with it.
   */
  drained(addresses: readonly string[], timeoutMs: number): Promise<boolean>;
}

interface RouteChange {
  /** Store revision that the table is compiled from after this change; not lower than before. */
  readonly revision: bigint;
  readonly changed: readonly Service[];
  readonly removed: readonly string[];
}

interface SubscriberState {
  readonly name: string;
  readonly httpAddress: string;
  readonly httpUsesTls: boolean;
  /** The last revision it acked. */
  readonly revision: bigint;
  /** Why it refused the update after that. */
  readonly nackReason: string | undefined;
}

/** How long a data plane that was lost may take to be back: it waits for up to 5 s between tries. */
const reconnectMs = 6_000;

/** Changes that are remembered for data planes that are behind; who is further behind gets the whole table. */
const mostChanges = 10_000;

/** Makes the publisher, with the first table. */
export function publishRoutes(first: Snapshot, { lostMs = reconnectMs } = {}): RoutePublisher {
  const services = new Map(first.services.map((service) => [service.name, service]));
  const subscribers = new Set<Subscriber>();
  /** What data planes had in flight when they were lost. */
  const lost = new Set<ReadonlySet<string>>();
  const waiters = new Set<() => void>();
  let { revision } = first;
  // Where the table itself last changed; `revision` also moves with store changes that touch no route.
  let tableRevision = first.revision;
  // Counts the changes of the table. Several may have the same revision.
  let sequence = 0;
  // The last ones: the names of the services that they touched.
  const changes = new Map<number, readonly string[]>();
  // What leads to the table as it stands, made once for all who need the same: from a whole table, or from a change.
  let whole: Snapshot | undefined;
  const deltas = new Map<number, Delta>();

  const snapshot = (): Snapshot => {
    whole ??= {
      clusterId: first.clusterId,
      revision: tableRevision,
      prefixes: first.prefixes,
      services: [...services.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    };
    return whole;
  };

  const delta = (since: number, baseRevision: bigint): Delta => {
    const known = deltas.get(since);
    if (known) return known;
    const names = new Set<string>();
    for (let number = since + 1; number <= sequence; number += 1)
      for (const name of changes.get(number) ?? []) names.add(name);
    const made = {
      clusterId: first.clusterId,
      baseRevision,
      revision: tableRevision,
      changed: [...names].flatMap((name) => services.get(name) ?? []),
      removed: [...names].filter((name) => !services.has(name)),
    };
    deltas.set(since, made);
    return made;
  };

  /** What brings a data plane up to date: whoever has too old a table, or none that is known, gets all of it. */
  const updateFor = ({ base, answered = 0 }: Subscriber): RouteUpdate =>
    base === undefined || answered < sequence - changes.size
      ? { $case: 'snapshot', value: snapshot() }
      : { $case: 'delta', value: delta(answered, base) };

  /** Sends updates, one at a time, until the subscriber has answered all there is. */
  const send = async (subscriber: Subscriber): Promise<void> => {
    if (subscriber.sending) return;
    subscriber.sending = true;
    while (subscribers.has(subscriber) && subscriber.answered !== sequence) {
      const sent = { sequence, revision: tableRevision };
      try {
        await subscriber.port.apply(updateFor(subscriber));
        subscriber.base = sent.revision;
        subscriber.state = { ...subscriber.state, revision: sent.revision, nackReason: undefined };
      } catch (error) {
        // What it holds now is its own affair: the next update is a whole table again.
        subscriber.base = undefined;
        subscriber.state = { ...subscriber.state, nackReason: error instanceof Error ? error.message : String(error) };
      }
      subscriber.answered = sent.sequence;
      wake(waiters);
    }
    subscriber.sending = false;
  };

  /** Resolves with true when `condition` holds, with false after `timeoutMs`. */
  const until = (condition: () => boolean, timeoutMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const finish = (holds: boolean) => {
        clearTimeout(timer);
        waiters.delete(check);
        resolve(holds);
      };
      const check = () => {
        if (condition()) finish(true);
      };
      const timer = setTimeout(() => finish(false), timeoutMs);
      waiters.add(check);
      check();
    });

  const forgetLater = (draining: ReadonlySet<string>): void => {
    lost.add(draining);
    setTimeout(() => {
      lost.delete(draining);
      wake(waiters);
    }, lostMs).unref();
  };

  const isDraining = (address: string): boolean => {
    for (const { answered, port } of subscribers) {
      // One that has just connected has yet to tell.
      if (answered === undefined || port.draining().has(address)) return true;
    }
    for (const addresses of lost) if (addresses.has(address)) return true;
    return false;
  };

  return {
    snapshot,

    update(change) {
      revision = change.revision;
      const names = [...change.changed.map(({ name }) => name), ...change.removed];
      if (names.length > 0) {
        sequence += 1;
        tableRevision = change.revision;
        for (const service of change.changed) services.set(service.name, service);
        for (const name of change.removed) services.delete(name);
        changes.set(sequence, names);
        changes.delete(sequence - mostChanges);
        whole = undefined;
        deltas.clear();
        // After this turn of the loop, so that changes that come together go out together.
        setImmediate(() => {
          for (const subscriber of subscribers) void send(subscriber);
        });
      }
      wake(waiters);
    },

    subscribe(port) {
      const { name, httpAddress, httpUsesTls = false } = port;
      const subscriber: Subscriber = {
        port,
        sending: false,
        answered: undefined,
        base: undefined,
        state: { name, httpAddress, httpUsesTls, revision: port.revision(), nackReason: undefined },
      };
      subscribers.add(subscriber);
      port.connection({ status: 'connected' });
      void send(subscriber);
      return {
        drained: () => wake(waiters),
        close(how = 'left') {
          const draining = port.draining();
          if (subscribers.delete(subscriber) && how === 'lost' && draining.size > 0) forgetLater(new Set(draining));
          wake(waiters);
        },
      };
    },

    subscribers: () => [...subscribers].map(({ state }) => state),

    settled(wanted, timeoutMs) {
      let target: number | undefined;
      return until(() => {
        if (revision < wanted) return false;
        target ??= sequence;
        for (const { answered = -1 } of subscribers) if (answered < target) return false;
        return true;
      }, timeoutMs);
    },

    drained: (addresses, timeoutMs) => until(() => !addresses.some(isDraining), timeoutMs),
  };
}

interface Subscriber {
  readonly port: RouteSubscriber;
  sending: boolean;
  /** The last change of the table that it acked or nacked. */
  answered: number | undefined;
  /** Revision of the table that it is known to hold; undefined before the first ack and after a nack. */
  base: bigint | undefined;
  state: SubscriberState;
}

function wake(waiters: ReadonlySet<() => void>): void {
  for (const check of waiters) check();
}
