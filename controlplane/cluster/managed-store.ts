import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import { formatAddress } from '../../proto/channel/address.ts';
import { StoreMode } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { ControlPlaneError } from '../errors.ts';
import { connectEtcd } from '../etcd/client/connect.ts';
import { connectMembers } from '../etcd/client/members.ts';
import { assertFree } from '../etcd/managed/free-port.ts';
import { startManagedMember } from '../etcd/managed/member.ts';
import { findEtcd } from '../etcd/managed/program.ts';
import { runtimeMark } from '../runtime/instance/mark.ts';
import { Ports } from '../runtime/instance/port.ts';
import type { Store } from '../store.ts';
import { type LocalNode, type LocalNodeOptions, startLocalNode } from './local-node.ts';
import { Admission } from './membership/admission.ts';
import { findPlan } from './membership/find-plan.ts';
import { memberOf } from './membership/plan.ts';
import type { MembershipRecord } from './membership/record.ts';
import { untilServed } from './membership/until-served.ts';
import { Roster } from './roster.ts';

/** A member of the cluster's etcd that this node looks after. */
export interface ManagedChoice
  extends Pick<LocalNodeOptions, 'address' | 'nodes' | 'controlPort' | 'peerPort' | 'tokenFile'> {
  /** Port on the loopback on which the member listens for clients; a free one when undefined. */
  readonly clientPort: number | undefined;
  /** The etcd program: a path, or a name to be found on the PATH. */
  readonly etcd: string;
}

export interface ManagedStoreOptions extends Pick<LocalNodeOptions, 'node' | 'dataFolder' | 'version'> {
  readonly choice: ManagedChoice;
  /** PATH and HOME for etcd. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called once when the cluster of which the node has data does not answer at once. */
  readonly onWaiting: () => void;
  /** Ends the wait for a cluster. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** So long a call may take, in milliseconds: who waits for 5 s is told what is amiss. */
const callTimeoutMs = 4_000;

/**
 * Starts the member of this node, and waits until the cluster serves: with its data, where it has any; else once it has
 * formed a cluster with the others or joined theirs.
 *
 * @throws ControlPlaneError `failed` when the node cannot be a member; the reason of `signal` when that is aborted
 */
export async function startManagedStore(options: ManagedStoreOptions): Promise<Store> {
  const { choice, dataFolder, environment, signal, log } = options;
  await using starting = new AsyncDisposableStack();
  const own = <Part extends { stop(): void | Promise<void> }>(part: Part): Part =>
    starting.adopt(part, async (stopping) => stopping.stop());

  const program = await findEtcd(choice.etcd, environment);
  const local = own(await startLocalNode({ ...options, ...choice }));
  const { credentials, neighbours, others, ip } = local;
  const clientPort = choice.clientPort ?? (await new Ports('127.0.0.1').take());
  const listenClients = { host: '127.0.0.1', port: clientPort };
  const members = starting.adopt(connectMembers(listenClients, credentials.channel), (members) => members.close());
  const admission = new Admission({ members, record: () => local.record, log });
  local.server.answer({
    describe: () => local.describe(),
    async join({ member }) {
      if (member === undefined) throw new ControlPlaneError('invalid', 'a node that joins says which member it is');
      return admission.join(member);
    },
    promote: (name) => admission.promote(name),
  });

  const listenPeers = { host: ip, port: choice.peerPort };
  // Of a node that has data, a killed server may have left an etcd that listens there.
  if (local.record === undefined) {
    await assertFree(listenPeers, '--etcd-peer-port');
    await assertFree(listenClients, '--etcd-client-port');
  }
  const record = local.record ?? (await commitToPlan(local, options));
  const folder = join(dataFolder, 'cluster', 'etcd');
  assertHasData(record, folder);
  const member = own(
    await startManagedMember({
      program,
      settings: {
        ...record.self,
        folder,
        listenPeers,
        listenClients,
        tls: credentials.files,
        initial: { ...record.plan, existing: record.joined },
      },
      environment,
      mark: `${await runtimeMark(dataFolder)}:etcd`,
      log,
    }),
  );
  const roster = own(new Roster({ members, neighbours, log }));
  roster.start();
  const hosts = [formatAddress(listenClients)];
  const explain = () => roster.explainLoss();
  const client = starting.adopt(
    connectEtcd({ hosts, timeoutMs: callTimeoutMs, tls: credentials.channel, explain }),
    (client) => client.close(),
  );
  const { failed } = member;
  const onWaiting = record.stage === 'member' ? options.onWaiting : () => undefined;
  await untilServed({ client, members, neighbours, name: record.self.name, others, failed, onWaiting, signal, log });
  member.proven();
  if (record.stage !== 'member') await local.commit({ ...record, stage: 'member' });

  const running = starting.move();
  return {
    mode: StoreMode.STORE_MODE_MANAGED,
    endpoints: [listenClients],
    tls: credentials.channel,
    client,
    cluster: { nodes: roster, listen: local.server.address, address: local.describe().address, lost: failed },
    stop: () => running.disposeAsync(),
  };
}

/** A member that lost its data is not to take its own place: others may count on what it had said. */
function assertHasData({ stage }: MembershipRecord, folder: string): void {
  if (stage !== 'member' || existsSync(join(folder, 'member'))) return;
  throw new ControlPlaneError(
    'failed',
    `the data of this node's etcd are gone from ${folder}: put them back, or to have it join again as a new node, remove ` +
      `${dirname(folder)} and start it`,
  );
}

/** Finds the plan by which a node without data becomes a member, and commits to it. */
async function commitToPlan(local: LocalNode, { signal, log }: ManagedStoreOptions): Promise<MembershipRecord> {
  const { neighbours, clusterToken } = local;
  const own = local.describe();
  const { plan, joined } = await findPlan({ own, neighbours, clusterToken, signal, log });
  if (plan.members.length < 3)
    log.warn(
      { nodes: plan.members.length },
      'a cluster of so few nodes survives the failure of none: of three, that of one',
    );
  const record = { stage: joined ? 'joining' : 'forming', self: memberOf(own), joined, plan } as const;
  await local.commit(record);
  return record;
}
