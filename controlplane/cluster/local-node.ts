import { lookup } from 'node:dns/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import { formatAddress, type TcpAddress } from '../../proto/channel/address.ts';
import { type DescribeResponse, Stage } from '../../proto/gen/micro/nodes/v1/nodes.ts';
import { ControlPlaneError } from '../errors.ts';
import { makeNodeCredentials, type NodeCredentials } from './credentials/node-credentials.ts';
import { readClusterToken } from './credentials/token.ts';
import { memberName } from './membership/plan.ts';
import { type MembershipRecord, readRecord, recordPath, writeRecord } from './membership/record.ts';
import { connectNeighbours, type Neighbours } from './nodes/neighbours.ts';
import { type NodeServer, startNodeServer } from './nodes/serve.ts';

export interface LocalNodeOptions {
  /** Name of the node. */
  readonly node: string;
  readonly dataFolder: string;
  /** Version of the server. */
  readonly version: string;
  /** Where the other nodes reach it: an IP address of this machine, or a name of one. */
  readonly address: string;
  /** Control listeners of the nodes; with or without this one. */
  readonly nodes: readonly TcpAddress[];
  /** Port of this node's own. */
  readonly controlPort: number;
  /** Port on which its etcd listens for the others. */
  readonly peerPort: number;
  /** File of the cluster token; the one in the data folder when undefined. */
  readonly tokenFile: string | undefined;
  readonly log: Logger;
}

/** This node, as the others see it. */
export interface LocalNode {
  readonly clusterToken: string;
  readonly credentials: NodeCredentials;
  /** IP address that stands for its address. */
  readonly ip: string;
  readonly server: NodeServer;
  readonly neighbours: Neighbours;
  /** The addresses of the other nodes in its list. */
  readonly others: readonly string[];
  /** What it says of itself, now. */
  describe(): DescribeResponse;
  /** What it has committed to; undefined while it has no data. */
  readonly record: MembershipRecord | undefined;
  /** Writes down what it commits to, before anything else is done about it. */
  commit(record: MembershipRecord): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Makes a node known to the others: its certificates, and the listener on which it is asked. It answers when it is told how
 * (`server.answer`).
 *
 * @throws ControlPlaneError `failed` when the node is not the one of its data, or has no token or address to be had
 */
export async function startLocalNode(options: LocalNodeOptions): Promise<LocalNode> {
  const { node, dataFolder, version, address: host, peerPort, log } = options;
  await using starting = new AsyncDisposableStack();
  const folder = join(dataFolder, 'cluster');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ip = await resolve(host);
  const { token: clusterToken, isNew } = await readClusterToken({ dataFolder, file: options.tokenFile });
  if (isNew) log.warn('made a cluster token: give the other nodes what `micro cluster token` prints here');
  const tls = { clusterToken, node, hosts: [host, ip], folder: join(folder, 'tls'), log };
  const credentials = starting.adopt(await makeNodeCredentials(tls), (made) => made.stop());
  const listen = { host: ip, port: options.controlPort };
  const server = starting.adopt(await startNodeServer({ listen, credentials: credentials.server, log }), (server) =>
    server.stop(),
  );
  const neighbours = starting.adopt(connectNeighbours(credentials.channel), (neighbours) => neighbours.close());

  const path = recordPath(dataFolder);
  let record = await readRecord(path);
  const address = formatAddress({ host, port: server.address.port });
  const peerUrl = `https://${formatAddress({ host, port: peerPort })}`;
  const nodes = [...new Set([address, ...options.nodes.map(formatAddress)])].toSorted();
  const describe = (): DescribeResponse => {
    return { node, address, version, peerUrl, nodes, stage: stageOf(record), plan: record?.plan };
  };
  if (record !== undefined) assertSame(record, describe(), path);

  const running = starting.move();
  return {
    clusterToken,
    credentials,
    ip,
    server,
    neighbours,
    others: nodes.filter((other) => other !== address),
    describe,
    get record() {
      return record;
    },
    async commit(next) {
      await writeRecord(path, next);
      record = next;
    },
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
  // Who joins a cluster that is there must not form one with others, even when it has yet to catch up.
  return record.stage === 'forming' ? Stage.STAGE_FORMING : Stage.STAGE_MEMBER;
}

/** A member keeps its name and URL for life. */
function assertSame({ self }: MembershipRecord, now: DescribeResponse, path: string): void {
  const name = memberName(now);
  if (self.name === name && self.peerUrl === now.peerUrl) return;
  throw new ControlPlaneError(
    'failed',
    `this node is ${self.name} (${self.peerUrl}) of its cluster by ${path}, and not ${name} (${now.peerUrl}): start it ` +
      'with --address, --control and --etcd-peer-port as before, or with another --data-dir as a new node',
  );
}
