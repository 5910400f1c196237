import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import type { ControlPlaneError } from '../../errors.ts';
import type { EtcdMembers } from '../../etcd/client/members.ts';
import { pause } from '../../runtime/instance/back-off.ts';
import type { Neighbours } from '../nodes/neighbours.ts';
import { Waiting } from './waiting.ts';

export interface UntilServedOptions {
  /** Of this node's own member. */
  readonly client: Etcd3;
  readonly members: Pick<EtcdMembers, 'status'>;
  readonly neighbours: Pick<Neighbours, 'promote'>;
  /** Of the member. */
  readonly name: string;
  /** Addresses of the other nodes. */
  readonly others: readonly string[];
  /** Resolves when there is nothing to wait for any more. */
  readonly failed: Promise<ControlPlaneError>;
  /** Called once, when it takes longer than a start does. */
  readonly onWaiting: () => void;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** How often the member is asked, in milliseconds. */
const everyMs = 200;

/** A cluster that starts has no leader for a moment, of which nobody need be told; in milliseconds. */
const quietMs = 3_000;

/**
 * Waits until the cluster answers through this node's member, as long as that takes. A learner asks the others to be
 * promoted.
 *
 * @throws ControlPlaneError when the member is given up; the reason of `signal` when that is aborted
 */
export async function untilServed(options: UntilServedOptions): Promise<void> {
  const { client, members, failed, onWaiting, signal, log } = options;
  const waiting = new Waiting('the cluster', log);
  const sinceMs = performance.now();
  let waits = false;
  let lost: ControlPlaneError | undefined;
  const ended = new AbortController();
  void failed.then((error) => {
    lost = error;
    ended.abort();
  });
  for (;;) {
    signal.throwIfAborted();
    if (lost !== undefined) throw lost;
    const reason = await whyNot(client);
    if (reason === undefined) return;
    const status = await members.status().catch(() => undefined);
    const reasons = status?.learner === true ? await promote(options) : [reason];
    if (performance.now() - sinceMs > quietMs) {
      waiting.for(reasons);
      if (!waits) onWaiting();
      waits = true;
    }
    await pause(everyMs, AbortSignal.any([signal, ended.signal]));
  }
}

/** Why the cluster does not answer. */
async function whyNot(client: Etcd3): Promise<string | undefined> {
  try {
    await client.get('/micro/cluster/').exec();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function promote({ neighbours, others, name }: UntilServedOptions): Promise<readonly string[]> {
  const reasons: string[] = [];
  for (const address of others) {
    const reason = await neighbours.promote(address, name);
    if (reason === undefined) return [];
    reasons.push(`${address}: ${reason}`);
  }
  return reasons;
}
