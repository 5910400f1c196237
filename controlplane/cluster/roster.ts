import type { Logger } from 'pino';
import { NodeRole } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { ControlPlaneError } from '../errors.ts';
import type { EtcdMember, EtcdMembers } from '../etcd/client/members.ts';
import { pause } from '../runtime/instance/back-off.ts';
import { readMemberName } from './membership/plan.ts';
import type { Neighbours } from './nodes/neighbours.ts';

/** A node of the cluster, as seen from this one. */
export interface NodeStatus {
  /** Empty for one that was added and has never been started, as is `address` then. */
  readonly name: string;
  /** "host:port" of its control listener. */
  readonly address: string;
  readonly peerUrl: string;
  readonly role: NodeRole;
  /** Its version when it answers, else why it does not. */
  readonly state: { readonly version: string } | { readonly reason: string };
}

/** The nodes of a cluster. A node is named by its name or address. */
export interface ClusterNodes {
  /** Asks all of them how they do, sorted by name; works without a quorum. */
  list(): Promise<readonly NodeStatus[]>;
  /** The names of those that have ever been started. */
  names(): Promise<readonly string[]>;
  /**
   * Makes room for a node that has yet to be started, as a learner.
   *
   * @param peerUrl where its etcd will listen
   */
  add(peerUrl: string): Promise<void>;
  /** Takes a node out of the cluster for good. Returns its name. */
  remove(node: string): Promise<string>;
  /** Lets a learner vote. Returns its name. */
  promote(node: string): Promise<string>;
}

export interface RosterOptions {
  readonly members: EtcdMembers;
  readonly neighbours: Pick<Neighbours, 'describe'>;
  readonly log: Logger;
}

/** How often the nodes are asked how they do, in milliseconds. */
const everyMs = 2_000;

/** How long a change waits for the last one to settle, in milliseconds. */
const settleMs = 8_000;

/** Knows the nodes of the cluster and who of them answers. */
export class Roster implements ClusterNodes {
  readonly #options: RosterOptions;
  readonly #stopping = new AbortController();
  #last: readonly NodeStatus[] = [];

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** Asks again and again, so that `explainLoss` knows at once, until `stop()`. */
  start(): void {
    void this.#follow();
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Its own etcd is being started again; what was known last goes on to hold.
      await this.list().catch((error: unknown) => this.#options.log.debug({ err: error }, 'the members are not known'));
      await pause(everyMs, signal);
    }
  }

  async list(): Promise<readonly NodeStatus[]> {
    const { members, neighbours } = this.#options;
    const [known, { leader }] = await Promise.all([members.list(), members.status()]);
    const asked = known.map(async (member): Promise<NodeStatus> => {
      const { node: name, address } = readMemberName(member.name);
      const answer = name === '' ? { reason: 'it has never been started' } : await neighbours.describe(address);
      const state = 'reason' in answer ? answer : { version: answer.description.version };
      return { name, address, peerUrl: member.peerUrl, role: roleOf(member, leader), state };
    });
    this.#last = (await Promise.all(asked)).toSorted((one, other) => (one.name < other.name ? -1 : 1));
    return this.#last;
  }

  async names(): Promise<readonly string[]> {
    const known = await this.#options.members.list();
    return known.flatMap(({ name }) => readMemberName(name).node || []);
  }

  /** Why the store does not answer: the nodes that are missing, when they are too many; undefined when they are not. */
  explainLoss(): string | undefined {
    const voters = this.#last.filter(({ role }) => role !== NodeRole.NODE_ROLE_LEARNER);
    const missing = voters.filter(({ state }) => 'reason' in state);
    if ((voters.length - missing.length) * 2 > voters.length || voters.length === 0) return undefined;
    const named = missing.map(describeMissing).join(' and ');
    return (
      `the cluster has lost its quorum: of ${voters.length} nodes ${missing.length} do not answer, ${named}; it goes on ` +
      'by itself when most of its nodes are back'
    );
  }

  async add(peerUrl: string): Promise<void> {
    const { members } = this.#options;
    const known = (await members.list()).find((member) => member.peerUrl === peerUrl);
    if (known !== undefined) {
      throw new ControlPlaneError('conflict', `the cluster has a member at ${peerUrl} already: see \`micro nodes ls\``);
    }
    await this.#change(() => members.addLearner(peerUrl));
  }

  async remove(node: string): Promise<string> {
    const member = await this.#find(node);
    await this.#change(() => this.#options.members.remove(member.id));
    return nameOf(member);
  }

  async promote(node: string): Promise<string> {
    const member = await this.#find(node);
    if (member.learner) await this.#change(() => this.#options.members.promote(member.id));
    return nameOf(member);
  }

  /**
   * Makes a change of members. etcd wants all of them to have been connected for 5 s before; that is waited for, and where
   * there is no majority to agree, it is said who is missing.
   */
  async #change(change: () => Promise<unknown>): Promise<void> {
    const deadline = performance.now() + settleMs;
    for (;;) {
      try {
        await change();
        return;
      } catch (error) {
        if (!(error instanceof ControlPlaneError) || error.code !== 'unavailable') throw error;
        const why = this.explainLoss();
        if (why !== undefined) throw new ControlPlaneError('unavailable', why, { cause: error });
        if (!error.message.includes('unhealthy cluster') || performance.now() > deadline) throw error;
      }
      await pause(everyMs / 4, this.#stopping.signal);
    }
  }

  async #find(node: string): Promise<EtcdMember> {
    const known = await this.#options.members.list();
    const [found, second] = known.filter((member) => namesOf(member).includes(node));
    const names = known.map(nameOf).join(', ');
    if (second !== undefined) {
      throw new ControlPlaneError('invalid', `${node} is the host of several nodes: name one of ${names}`);
    }
    if (found !== undefined) return found;
    throw new ControlPlaneError('not-found', `there is no node ${node} in the cluster: its nodes are ${names}`);
  }
}

function describeMissing({ name, address, state }: NodeStatus): string {
  return `${name} at ${address}${'reason' in state ? ` (${state.reason})` : ''}`;
}

/** What a member may be called: name, address, host, and where its etcd listens. */
function namesOf({ name, peerUrl }: EtcdMember): readonly string[] {
  const { node, address } = readMemberName(name);
  const { host, hostname } = new URL(peerUrl);
  return [node, address, host, hostname].filter((text) => text !== '');
}

function nameOf({ name, peerUrl }: EtcdMember): string {
  return readMemberName(name).node || new URL(peerUrl).host;
}

function roleOf({ id, learner }: EtcdMember, leader: bigint): NodeRole {
  if (learner) return NodeRole.NODE_ROLE_LEARNER;
  return id === leader ? NodeRole.NODE_ROLE_LEADER : NodeRole.NODE_ROLE_MEMBER;
}
