import { type DescribeResponse, type Plan, Stage } from '../../../proto/gen/micro/nodes/v1/nodes.ts';
import { memberName } from './plan.ts';

/** What a node answered when it was asked who it is, or why it did not. */
export type Answer = { readonly description: DescribeResponse } | { readonly reason: string };

/** What a node without data does next. */
export type Decision =
  /** There is a cluster: ask these nodes, members of it, to be let in. */
  | { readonly type: 'join'; readonly via: readonly string[] }
  /** Take part in forming what another node planned. */
  | { readonly type: 'form'; readonly plan: Plan }
  /** Make the plan, of these nodes. */
  | { readonly type: 'plan'; readonly nodes: readonly DescribeResponse[] }
  | { readonly type: 'wait'; readonly reasons: readonly string[] };

/**
 * Decides what a node without data does.
 *
 * A new cluster is formed only when all nodes of the list answer, have the same list, and none has data of a cluster; the
 * first of the list makes the plan, and the others take it over. A node that does not answer may be in a cluster that is
 * alive: without it nothing is formed.
 *
 * @param own of stage EMPTY
 * @param answers of all other nodes of its list, by address
 */
export function decide(own: DescribeResponse, answers: ReadonlyMap<string, Answer>): Decision {
  const others = [...answers.values()].flatMap((answer) => ('description' in answer ? [answer.description] : []));
  const members = others.filter(({ stage }) => stage === Stage.STAGE_MEMBER);
  const clusters = new Set(members.map(({ plan }) => plan?.clusterName));
  if (clusters.size > 1) {
    return wait(`${members.map(nameOf).join(', ')} are of different clusters: name those of one with --nodes`);
  }
  if (members.length > 0) return { type: 'join', via: members.map(({ address }) => address) };

  const obstacles = [...answers].flatMap(([address, answer]) => obstacle(own, address, answer));
  obstacles.push(...sameNames([own, ...others]));
  if (obstacles.length > 0) return wait(...obstacles);

  const planned = others.find(({ plan }) => plan !== undefined);
  if (planned?.plan !== undefined) {
    const place = planned.plan.members.find(({ peerUrl }) => peerUrl === own.peerUrl);
    if (place?.name === memberName(own)) return { type: 'form', plan: planned.plan };
    // Under its old name it may have had data, which it lost, and a voice in the cluster, which it must not raise twice.
    const as = place === undefined ? 'is not planned' : `is planned as ${place.name}`;
    return wait(
      `${nameOf(planned)} forms a cluster in which this node ${as}: it joins that when it has formed; if it never does, ` +
        'remove the folder `cluster` from the data folder of each node and start them',
    );
  }
  const [first] = own.nodes;
  if (first === own.address) return { type: 'plan', nodes: [own, ...others] };
  return wait(`${first} has yet to see all nodes`);
}

/** Why a node keeps the others from forming a cluster. */
function obstacle(own: DescribeResponse, address: string, answer: Answer): readonly string[] {
  if ('reason' in answer) return [`${address}: ${answer.reason}`];
  const { description } = answer;
  if (description.address !== address) {
    return [`${address} says that it is ${description.address}: name it so with --nodes`];
  }
  if (description.nodes.join() !== own.nodes.join()) {
    const lists = `${description.nodes.join(', ')} there, ${own.nodes.join(', ')} here`;
    return [`${nameOf(description)} was started with other --nodes: ${lists}`];
  }
  return [];
}

function sameNames(nodes: readonly DescribeResponse[]): readonly string[] {
  return nodes.flatMap(({ node, address }, index) => {
    const same = nodes.slice(0, index).find((other) => other.node === node);
    if (same === undefined) return [];
    const advice = 'remove the file `node` of the data folder of one, which was copied, to have a new name made';
    return [`${same.address} and ${address} are both called ${node}: ${advice}`];
  });
}

function nameOf({ node, address }: DescribeResponse): string {
  return `${node} at ${address}`;
}

function wait(...reasons: readonly string[]): Decision {
  return { type: 'wait', reasons };
}
