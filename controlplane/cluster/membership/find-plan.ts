import type { Logger } from 'pino';
import type { DescribeResponse, Plan } from '../../../proto/gen/micro/nodes/v1/nodes.ts';
import { pause } from '../../runtime/instance/back-off.ts';
import type { Neighbours } from '../nodes/neighbours.ts';
import { decide } from './decide.ts';
import { makePlan, memberOf } from './plan.ts';
import { Waiting } from './waiting.ts';

export interface FindPlanOptions {
  /** What this node says of itself; its stage is EMPTY. */
  readonly own: DescribeResponse;
  readonly neighbours: Pick<Neighbours, 'describe' | 'join'>;
  readonly clusterToken: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** How often the other nodes are asked, in milliseconds. */
const everyMs = 500;

/**
 * Finds out, for a node that has no data, how its member is to be started: to form a cluster with the others of its list, or
 * as a learner of one that is there. Takes as long as it takes; what it waits for is in the log.
 *
 * @returns the plan, and whether the cluster was there already
 * @throws the reason of `signal` when that is aborted
 */
export async function findPlan(options: FindPlanOptions): Promise<{ readonly plan: Plan; readonly joined: boolean }> {
  const { own, neighbours, clusterToken, signal, log } = options;
  const waiting = new Waiting('a cluster to form or to join', log);
  const others = own.nodes.filter((address) => address !== own.address);
  for (;;) {
    signal.throwIfAborted();
    const answers = await Promise.all(
      others.map(async (address) => [address, await neighbours.describe(address)] as const),
    );
    const decision = decide(own, new Map(answers));
    if (decision.type === 'plan') return { plan: makePlan(decision.nodes, clusterToken), joined: false };
    if (decision.type === 'form') return { plan: decision.plan, joined: false };
    if (decision.type === 'wait') waiting.for(decision.reasons);
    else {
      const found = await join(decision.via, options);
      if ('plan' in found) return found;
      waiting.for(found.reasons);
    }
    await pause(everyMs, signal);
  }
}

/** Asks one member after the other to be let in, until one does. */
async function join(
  via: readonly string[],
  { own, neighbours }: FindPlanOptions,
): Promise<{ readonly plan: Plan; readonly joined: boolean } | { readonly reasons: readonly string[] }> {
  const reasons: string[] = [];
  for (const address of via) {
    const answer = await neighbours.join(address, { member: memberOf(own) });
    if ('reason' in answer) reasons.push(`${address}: ${answer.reason}`);
    else if (answer.plan !== undefined) return { plan: answer.plan, joined: answer.learner };
  }
  return { reasons };
}
