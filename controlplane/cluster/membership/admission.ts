import type { Logger } from 'pino';
import type { JoinResponse, Member } from '../../../proto/gen/micro/nodes/v1/nodes.ts';
import { ControlPlaneError } from '../../errors.ts';
import type { EtcdMember, EtcdMembers } from '../../etcd/client/members.ts';
import { readMemberName } from './plan.ts';
import type { MembershipRecord } from './record.ts';

export interface AdmissionOptions {
  readonly members: EtcdMembers;
  /** What the member that lets in has committed to; undefined, or of the stage "forming", it lets nobody in. */
  readonly record: () => MembershipRecord | undefined;
  readonly log: Logger;
}

/** Lets nodes into the cluster that this one is a member of. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Makes room for a node that has no data. Where there is a member of the same URL that had data once, or may have had
   * under another name, the node lost them: the old member is removed, and the node is a new one. To give it the old one's place would be wrong: others may count
   * on what it had said.
   *
   * @throws ControlPlaneError `unavailable` when not now, `failed` when never
   */
  async join(newcomer: Member): Promise<JoinResponse> {
    const { members, log } = this.#options;
    const record = this.#record();
    const known = await members.list();
    const same = known.find(({ peerUrl }) => peerUrl === newcomer.peerUrl);
    assertNameIsFree(newcomer, known);
    if (same?.name === newcomer.name && isPlanned(same, record)) return { plan: record.plan, learner: false };
    if (same !== undefined && same.name !== '') {
      log.warn({ member: same.name }, 'a node came back without its data: its member is replaced by a new one');
      await members.remove(same.id);
    }
    const own = same?.name === '' ? same : await members.addLearner(newcomer.peerUrl);
    const now = await members.list();
    const { clusterName } = record.plan;
    log.info({ member: newcomer.name }, 'a node joins the cluster as a learner');
    return { plan: { clusterName, members: now.map((member) => planned(member, own, newcomer)) }, learner: true };
  }

  /** @throws ControlPlaneError `unavailable` while the learner has yet to catch up */
  async promote(name: string): Promise<void> {
    const { members, log } = this.#options;
    this.#record();
    const member = (await members.list()).find((member) => member.name === name);
    if (member === undefined) throw new ControlPlaneError('unavailable', `${name} is no member of the cluster yet`);
    if (!member.learner) return;
    await members.promote(member.id);
    log.info({ member: name }, 'a node has caught up, and votes from now on');
  }

  #record(): MembershipRecord {
    const record = this.#options.record();
    if (record?.stage === 'member') return record;
    throw new ControlPlaneError('unavailable', 'it has yet to become a member itself');
  }
}

/** Whether a member is one of those that form the cluster, and has never been seen. */
function isPlanned(member: EtcdMember, { joined, plan }: MembershipRecord): boolean {
  if (member.started || member.learner || member.name === '') return false;
  if (!joined && plan.members.some(({ peerUrl }) => peerUrl === member.peerUrl)) return true;
  throw new ControlPlaneError('unavailable', 'only a node that formed the cluster can let in another one of those');
}

function assertNameIsFree(newcomer: Member, known: readonly EtcdMember[]): void {
  const { node, address } = readMemberName(newcomer.name);
  const holder = known.find(({ name, peerUrl }) => peerUrl !== newcomer.peerUrl && readMemberName(name).node === node);
  if (holder === undefined) return;
  throw new ControlPlaneError(
    'failed',
    `${holder.name} has the same name as ${address}: remove the file \`node\` of the data folder of one, which was copied, ` +
      'to have a new name made',
  );
}

/** etcd wants a name for each member, also for those that have yet to tell theirs. */
function planned(member: EtcdMember, own: EtcdMember, newcomer: Member): Member {
  const name = member.id === own.id ? newcomer.name : member.name || `not-started-${member.id.toString(16)}`;
  return { name, peerUrl: member.peerUrl };
}
