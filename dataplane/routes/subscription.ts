import type { Logger } from 'pino';
import type { ConnectionState, RouteSource, RouteUpdate } from '../../proto/routes/source.ts';
import { LastGoodFile } from './last-good.ts';
import type { PresentTable } from './present.ts';
import { snapshotOf } from './table.ts';

export interface SubscriptionOptions {
  /** Kept up to date. */
  readonly present: PresentTable;
  readonly source: RouteSource;
  /** Name of the data plane, for people to read. */
  readonly name: string;
  /** Where the `http` entrypoint listens; the control plane makes URLs from it. */
  readonly httpAddress: string;
  readonly httpUsesTls?: boolean;
  /** Where the last table is kept. */
  readonly lastGoodFile: string;
  /** How long the source may take to send a first table before the last good one is served, in milliseconds. */
  readonly firstTableMs: number;
  /** Told what became of each update. */
  readonly onUpdate: (result: 'applied' | 'refused') => void;
  /** Whether each table is written to that file, true by default; it is read in any case. */
  readonly keepsLastGood?: boolean | undefined;
  readonly log: Logger;
}

export interface Subscription {
  readonly status: () => RoutesStatus;
  /** Resolves with the first table, or when within `firstTableMs` there was none to be had. */
  readonly firstTable: Promise<void>;
  /** Resolves when the last table is on disk. */
  stop(): Promise<void>;
}

export interface RoutesStatus {
  readonly revision: bigint;
  /** Where the present table came from; undefined before the first. */
  readonly source: 'stream' | 'last-good' | undefined;
  readonly connection: ConnectionState;
}

/** Keeps the present table up to date from a source, and the last good one on disk. */
export function startSubscription(options: SubscriptionOptions): Subscription {
  const { present, firstTableMs, keepsLastGood = true, onUpdate, log } = options;
  const lastGood = new LastGoodFile(options.lastGoodFile, log);
  let servedFrom: RoutesStatus['source'];
  let connection: ConnectionState = { status: 'disconnected', reason: 'not connected yet' };
  /** The trouble that the log tells of; it is told once, however often the source tries again. */
  let told: string | undefined;
  let haveFirst = (): void => {};
  const firstTable = new Promise<void>((resolve) => {
    haveFirst = resolve;
  });

  function apply(update: RouteUpdate, from: 'stream' | 'last-good'): void {
    try {
      const table = present.apply(update);
      servedFrom = from;
      haveFirst();
      if (from === 'stream' && keepsLastGood) lastGood.save(() => snapshotOf(table));
    } catch (error) {
      onUpdate('refused');
      log.error({ err: error, revision: String(update.value.revision) }, 'refused an update of the route table');
      throw error;
    }
    onUpdate('applied');
  }

  async function serveLastGood(): Promise<void> {
    const snapshot = await lastGood.load();
    // The source may have answered meanwhile.
    if (!snapshot || present.table) return;
    apply({ $case: 'snapshot', value: snapshot }, 'last-good');
    log.warn(
      { revision: String(present.revision) },
      'no control plane answers: serving from the last good route table',
    );
  }

  function tell(state: ConnectionState): void {
    const trouble = state.status === 'connected' ? undefined : state.reason;
    if (trouble === told) return;
    told = trouble;
    if (trouble === undefined) log.info('connected to the control plane');
    else if (present.table)
      log.warn({ reason: trouble }, 'lost the control plane: serving from the present route table');
    else log.warn({ reason: trouble }, 'no control plane, and no route table yet');
  }

  const subscription = options.source.subscribe({
    name: options.name,
    httpAddress: options.httpAddress,
    httpUsesTls: options.httpUsesTls ?? false,
    revision: () => present.revision,
    apply: (update) => apply(update, 'stream'),
    draining: () => present.draining.addresses,
    connection(state) {
      connection = state;
      tell(state);
    },
  });
  present.draining.onDrained((address) => subscription.drained(address));
  const firstTableTimer = setTimeout(() => {
    if (present.table) return;
    serveLastGood()
      .catch((error: unknown) => log.error({ err: error }, 'cannot serve from the last good route table'))
      .finally(haveFirst);
  }, firstTableMs);

  return {
    firstTable,
    status: () => ({ revision: present.revision, source: servedFrom, connection }),
    async stop() {
      clearTimeout(firstTableTimer);
      subscription.close();
      await lastGood.flush();
    },
  };
}
