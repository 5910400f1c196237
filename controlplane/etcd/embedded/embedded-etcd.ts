import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import { ControlPlaneError } from '../../errors.ts';
import { ClusterService, KVService, LeaseService, MaintenanceService, WatchService } from '../gen/rpc.ts';
import { startAutoCompaction } from './auto-compaction.ts';
import { clusterService } from './cluster.ts';
import { kvService } from './kv/service.ts';
import { Lessor } from './lease/lessor.ts';
import { leaseService } from './lease/service.ts';
import { maintenanceService } from './maintenance.ts';
import { maxMessageBytes } from './rpc.ts';
import { snapshotPrefix } from './snapshot.ts';
import { openStore } from './store/store.ts';
import { startWatchHub } from './watch/service.ts';

export interface EmbeddedEtcdOptions {
  /** Where the data file lives; made, for its owner alone, if it is not there. The caller holds it for this process. */
  readonly folder: string;
  /** The Unix socket to answer on. One that a killed server left there is replaced. */
  readonly socketPath: string;
  /** A TCP address to answer on as well, without authentication: loopback only. Default: none. */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly log: Logger;
}

export interface EmbeddedEtcd {
  /** "unix:/path", and then "host:port" if it listens there too: what a client takes as hosts. */
  readonly addresses: readonly [string, ...string[]];
  readonly clusterId: bigint;
  /** Ends calls and closes the data file. What was acknowledged is on disk before that. */
  stop(): Promise<void>;
}

/** Calls in flight get so long to end when the server stops, in milliseconds. */
const drainMs = 1_000;

/** Linux's limit on the path of a Unix socket. */
const maxSocketPathBytes = 107;

/**
 * Starts an etcd v3 server in this process, a cluster of one: KV, Watch, Lease, Maintenance and Cluster, as far as one
 * member has use for them. A write is acknowledged once it is on disk.
 *
 * @throws ControlPlaneError `failed` when the data file is damaged or an address cannot be used
 */
export async function startEmbeddedEtcd(options: EmbeddedEtcdOptions): Promise<EmbeddedEtcd> {
  const { folder, socketPath, listen, log } = options;
  await using starting = new AsyncDisposableStack();

  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeUnfinishedSnapshots(folder);
  const store = starting.adopt(await openStore({ folder, log }), (store) => store.close());
  starting.adopt(startAutoCompaction({ store, log }), (compaction) => compaction.stop());
  const lessor = starting.adopt(new Lessor(store, log), (lessor) => lessor.stop());
  const server = starting.adopt(
    new Server({ 'grpc.max_receive_message_length': maxMessageBytes, 'grpc.max_send_message_length': -1 }),
    drain,
  );
  const hub = starting.adopt(startWatchHub({ store, log }), (hub) => hub.stop());

  const addresses: [string, ...string[]] = [`unix:${socketPath}`];
  server.addService(KVService, kvService({ store, log }));
  server.addService(WatchService, hub.service);
  server.addService(LeaseService, leaseService({ store, log, lessor }));
  server.addService(MaintenanceService, maintenanceService({ store, log }));
  server.addService(ClusterService, clusterService({ store, log, clientUrls: () => addresses.map(toUrl) }));

  await bindSocket(server, socketPath);
  if (listen) addresses.push(`${listen.host}:${await bind(server, `${listen.host}:${listen.port}`)}`);
  log.debug({ addresses, revision: store.revision, clusterId: store.identity.clusterId }, 'the embedded etcd serves');

  const running = starting.move();
  return { addresses, clusterId: store.identity.clusterId, stop: () => running.disposeAsync() };
}

async function removeUnfinishedSnapshots(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(snapshotPrefix));
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

async function bindSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxSocketPathBytes) {
    throw new ControlPlaneError(
      'failed',
      `the path of the socket ${path} is longer than ${maxSocketPathBytes} bytes: choose a shorter --data-dir`,
    );
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  await bind(server, `unix:${path}`);
  await chmod(path, 0o600);
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else
        reject(
          new ControlPlaneError('failed', `the embedded etcd cannot listen on ${address}: ${error.message}`, {
            cause: error,
          }),
        );
    });
  });
}

async function drain(server: Server): Promise<void> {
  const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const timer = setTimeout(() => server.forceShutdown(), drainMs);
  await drained;
  clearTimeout(timer);
}

function toUrl(address: string): string {
  return address.startsWith('unix:') ? address : `http://${address}`;
}
