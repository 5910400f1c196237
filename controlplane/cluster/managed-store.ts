import { lookup } from 'node:dns/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import { formatAddress, type TcpAddress } from '../../proto/channel/address.ts';
import { StoreMode } from '../../proto/gen/micro/cluster/v1/cluster.ts';
import { type DescribeResponse, type Plan, Stage } from '../../proto/gen/micro/nodes/v1/nodes.ts';
import { ControlPlaneError } from '../errors.ts';
import { connectEtcd } from '../etcd/client/connect.ts';
import { connectMembers } from '../etcd/client/members.ts';
import { startManagedMember } from '../etcd/managed/member.ts';
import { findEtcd } from '../etcd/managed/program.ts';
import { runtimeMark } from '../runtime/instance/mark.ts';
import { Ports } from '../runtime/instance/port.ts';
import type { Store } from '../store.ts';
import { makeNodeCredentials } from './credentials/node-credentials.ts';
import { readClusterToken } from './credentials/token.ts';
import { Admission } from './membership/admission.ts';
import { findPlan } from './membership/find-plan.ts';
import { memberName, memberOf } from './membership/plan.ts';
import { type MembershipRecord, readRecord, recordPath, writeRecord } from './membership/record.ts';
import { untilServed } from './membership/until-served.ts';
import { connectNeighbours } from './nodes/neighbours.ts';
import { startNodeServer } from './nodes/serve.ts';
import { Roster } from './roster.ts';

/** A member of the cluster's etcd that this node looks after. */
export interface ManagedChoice {
  /** Where the other nodes reach this one: an IP address of this machine, or a name of one. */
  readonly address: string;
  /** Control listeners of the nodes; with or without this one. */
  readonly nodes: readonly TcpAddress[];
  /** Port of this node's own; the other nodes are answered there. */
  readonly controlPort: number;
  /** Port on which the member listens for the others. */
  readonly peerPort: number;
  /** Port on the loopback on which it listens for clients; a free one when undefined. */
  readonly clientPort: number | undefined;
  /** The etcd program: a path, or a name to be found on the PATH. */
  readonly etcd: string;
  /** File of the cluster token; the one in the data folder when undefined. */
  readonly tokenFile: string | undefined;
}

export interface ManagedStoreOptions {
  readonly choice: ManagedChoice;
  /** Name of this node. */
  readonly node: string;
  readonly dataFolder: string;
  /** Version of the server. */
  readonly version: string;
  /** PATH and HOME for etcd. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends the wait for a cluster. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** So long a call may take, in milliseconds: who waits for 5 s is told what is amiss. */
const callTimeoutMs = 4_000;

/**
 * Starts the member of this node, and waits until the cluster serves: after its data, where it has any; else once it has
 * formed a cluster with the others or joined theirs.
 *
 * @throws ControlPlaneError `failed` when the node cannot be a member; the reason of `signal` when that is aborted
 */
export async function startManagedStore(options: ManagedStoreOptions): Promise<Store> {
  const { choice, node, dataFolder, version, environment, signal, log } = options;
  await using starting = new AsyncDisposableStack();
  const own = <Part extends { stop(): void | Promise<void> }>(part: Part): Part =>
    starting.adopt(part, async (stopping) => stopping.stop());

  const program = await findEtcd(choice.etcd, environment);
  const ip = await resolve(choice.address);
  const { token: clusterToken, isNew } = await readClusterToken({ dataFolder, file: choice.tokenFile });
  if (isNew) {
    log.warn(
      'made a cluster token: start the other nodes with what `micro cluster token` prints here, in a file that is named with --cluster-token-file',
    );
  }
  const folder = join(dataFolder, 'cluster');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const hosts = [...new Set([choice.address, ip])];
  const credentials = own(await makeNodeCredentials({ clusterToken, node, hosts, folder: join(folder, 'tls'), log }));
  const nodeServer = own(
    await startNodeServer({ listen: { host: ip, port: choice.controlPort }, credentials: credentials.server, log }),
  );

  const path = recordPath(dataFolder);
  let record = await readRecord(path);
  const address = formatAddress({ host: choice.address, port: nodeServer.address.port });
  const peerUrl = `https://${formatAddress({ host: choice.address, port: choice.peerPort })}`;
  const nodes = [...new Set([address, ...choice.nodes.map(formatAddress)])].toSorted();
  const describe = (): DescribeResponse => ({
    node,
    address,
    version,
    peerUrl,
    nodes,
    stage: stageOf(record),
    plan: record?.plan,
  });
  const neighbours = starting.adopt(connectNeighbours(credentials.channel), (neighbours) => neighbours.close());

  const clientPort = choice.clientPort ?? (await new Ports('127.0.0.1').take());
  const listenClients = { host: '127.0.0.1', port: clientPort };
  const members = starting.adopt(connectMembers(listenClients, credentials.channel), (members) => members.close());
  const admission = new Admission({ members, record: () => record, log });
  nodeServer.answer({
    describe,
    async join({ member }) {
      if (member === undefined) throw new ControlPlaneError('invalid', 'a node that joins says which member it is');
      return admission.join(member);
    },
    promote: (name) => admission.promote(name),
  });

  const commit = async (next: MembershipRecord): Promise<void> => {
    await writeRecord(path, next);
    record = next;
  };
  if (record === undefined) {
    const found = await findPlan({ own: describe(), neighbours, clusterToken, signal, log });
    warnOfFew(found.plan, log);
    // Who joins a cluster that is there must not form one with others, even when it has yet to catch up.
    const stage = found.joined ? 'member' : 'forming';
    await commit({ stage, self: memberOf(describe()), joined: found.joined, plan: found.plan });
  }
  const { self, joined, plan } = checked(record, describe(), path);

  const member = own(
    await startManagedMember({
      program,
      settings: {
        ...self,
        folder: join(folder, 'etcd'),
        listenPeers: { host: ip, port: choice.peerPort },
        listenClients,
        tls: credentials.files,
        initial: { ...plan, existing: joined },
      },
      environment,
      mark: `${await runtimeMark(dataFolder)}:etcd`,
      log,
    }),
  );
  const roster = own(new Roster({ members, neighbours, log }));
  roster.start();
  const client = starting.adopt(
    connectEtcd({
      hosts: [formatAddress(listenClients)],
      timeoutMs: callTimeoutMs,
      tls: credentials.channel,
      explain: () => roster.explainLoss(),
    }),
    (client) => client.close(),
  );
  const others = nodes.filter((other) => other !== address);
  await untilServed({
    client,
    members,
    neighbours,
    name: memberName(describe()),
    others,
    failed: member.failed,
    signal,
    log,
  });
  member.proven();
  if (record?.stage !== 'member') await commit({ stage: 'member', self, joined, plan });

  const running = starting.move();
  return {
    mode: StoreMode.STORE_MODE_MANAGED,
    endpoints: [listenClients],
    tls: credentials.channel,
    client,
    cluster: { nodes: roster, listen: nodeServer.address, address, lost: member.failed },
    stop: () => running.disposeAsync(),
  };
}

async function resolve(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new ControlPlaneError('failed', `${host} is not found: name an address of this machine with --address`, {
      cause,
    });
  }
}

function stageOf(record: MembershipRecord | undefined): Stage {
  if (record === undefined) return Stage.STAGE_EMPTY;
  return record.stage === 'member' ? Stage.STAGE_MEMBER : Stage.STAGE_FORMING;
}

function warnOfFew({ members }: Plan, log: Logger): void {
  if (members.length === 2)
    log.warn('a cluster of two nodes survives the failure of none: a third one makes it survive one');
  if (members.length === 1) log.warn('a cluster of one node survives no failure: add two more with `micro nodes add`');
}

/** The member keeps its name and URL for life. */
function checked(record: MembershipRecord | undefined, now: DescribeResponse, path: string): MembershipRecord {
  if (record === undefined) throw new TypeError('a node is a member of something by now');
  const { self } = record;
  if (self.name === memberName(now) && self.peerUrl === now.peerUrl) return record;
  throw new ControlPlaneError(
    'failed',
    `this node is ${self.name} (${self.peerUrl}) of its cluster by ${path}, and not ${memberName(now)} (${now.peerUrl}): ` +
      'start it with --address, --control and --etcd-peer-port as before, or with another --data-dir as a new node',
  );
}
