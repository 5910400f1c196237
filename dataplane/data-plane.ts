import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { formatAddress, type TcpAddress } from '../proto/channel/address.ts';
import type { RouteSource } from '../proto/routes/source.ts';
import type { AccessLogDestination } from './access-log.ts';
import { createAdminLane } from './admin/entrypoint.ts';
import { CallRecorder } from './calls.ts';
import { byPreface } from './downstream/by-preface.ts';
import { type Entrypoint, type EntrypointOptions, startEntrypoint } from './downstream/entrypoint.ts';
import { refusalLane } from './downstream/refusal-lane.ts';
import type { SharedSocket } from './downstream/shared-socket.ts';
import { type CertificatesOptions, startCertificates } from './downstream/tls/certificates.ts';
import { overTls } from './downstream/tls/over-tls.ts';
import { defaultGrpcBounds, type GrpcBounds } from './grpc/bounds.ts';
import { createGrpcLane } from './grpc/lane.ts';
import { trustedProxies } from './headers/trusted-proxies.ts';
import { HealthChecks } from './health/checks.ts';
import { createFastLane } from './http/fast/lane.ts';
import { createFullLanes } from './http/full/lanes.ts';
import { defaultTimeouts, type Timeouts } from './limits.ts';
import { createMetrics } from './metrics/metrics.ts';
import { startOwnServices } from './own-services/own-services.ts';
import { grpcRoute } from './routes/grpc.ts';
import { PresentTable } from './routes/present.ts';
import { setAside } from './routes/set-aside.ts';
import { type RoutesStatus, startSubscription } from './routes/subscription.ts';
import { Buffers } from './sockets/buffers.ts';
import { UpstreamConnections } from './upstream/connections.ts';
import { Sessions } from './upstream/sessions.ts';

export interface DataPlaneOptions {
  /** For people to read; unique among the data planes of a cluster. */
  readonly name: string;
  /** Where route tables come from. */
  readonly routes: RouteSource;
  /**
   * Where the entrypoints listen; an empty host is every interface, port 0 any free one. On a socket that other processes
   * listen on too it begins only with its first route table, since until then they serve better.
   */
  readonly http: TcpAddress | SharedSocket;
  readonly grpc: TcpAddress | SharedSocket;
  /** None where undefined: whoever started this data plane tells how it does. */
  readonly admin: TcpAddress | undefined;
  /**
   * What the `http` entrypoint speaks TLS with, and `grpc` beside plain HTTP/2; left out, they do not. Read again when the files
   * change.
   */
  readonly tls?: Omit<CertificatesOptions, 'log'> | undefined;
  /** Where the last route table is kept, to start from while no control plane answers. */
  readonly lastGoodFile: string;
  /** Whether this data plane writes that file, true by default; those that share it read it all. */
  readonly keepsLastGood?: boolean | undefined;
  /** Addresses and CIDR ranges whose `Forwarded` and `X-Forwarded-*` headers are believed; none by default. */
  readonly trustedProxies?: readonly string[];
  /** Where the access log goes, one line of JSON a call; left out, none is written. */
  readonly accessLog?: AccessLogDestination | undefined;
  readonly timeouts?: Partial<Timeouts>;
  readonly grpcBounds?: Partial<GrpcBounds>;
  readonly log: Logger;
}

export interface StopOptions {
  /** Instead of `drainGraceMs`. */
  readonly graceMs?: number;
}

export interface DataPlane {
  /** Where the entrypoints listen, with the ports that were free. */
  readonly http: TcpAddress;
  readonly grpc: TcpAddress;
  readonly admin: TcpAddress | undefined;
  /** What /readyz tells of the route table. */
  readonly routes: () => RoutesStatus;
  /** What /metrics tells. */
  readonly metrics: Registry;
  /**
   * Is not ready from now on and tells clients to go elsewhere; after `drainGraceMs` accepts nothing more and lets calls in
   * flight finish for at most `drainMs`, then ends them. The same however often called.
   */
  stop(options?: StopOptions): Promise<void>;
}

/**
 * Starts a data plane. It serves as soon as it has a route table: from a control plane, or its own last good one.
 *
 * @throws DataPlaneError `address-in-use` or `cannot-listen`, with the entrypoint
 * @throws DataPlaneError `certificate-unusable`, with the file
 * @throws TypeError for a trusted proxy that is no address or range
 */
export async function startDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const { name, lastGoodFile, log } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const bounds = { ...defaultGrpcBounds, ...options.grpcBounds };
  const { connectMs, upstreamIdleMs, requestHeadMs, tlsHandshakeMs, firstTableMs, drainGraceMs, drainMs } = timeouts;
  await using stack = new AsyncDisposableStack();

  const present = new PresentTable(lastGoodFile);
  const own = stack.adopt(await startOwnServices(() => present.table), (services) => services.stop());
  const connections = new UpstreamConnections();
  const metrics = createMetrics({
    openConnections: () => ({
      http: http.openConnections(),
      grpc: grpc.openConnections(),
      ...(admin && { admin: admin.openConnections() }),
    }),
    upstreamConnections: () => connections.open,
    routesRevision: () => present.revision,
    instancesSetAside: () => (present.table ? setAside(present.table) : 0),
    isRouted: (service) => own.table.services.has(service) || (present.table?.services.has(service) ?? true),
  });
  const sessions = stack.adopt(new Sessions({ connectMs, idleMs: upstreamIdleMs, connections }), (all) =>
    all.destroy(),
  );
  const shared = {
    table: () => present.table,
    calls: new CallRecorder({ metrics, accessLog: options.accessLog }),
    trustedProxies: trustedProxies(options.trustedProxies ?? []),
    sessions,
    connections,
    buffers: new Buffers(),
    timeouts,
    log,
  };
  const start = async (entrypoint: Omit<EntrypointOptions, 'drainMs'>): Promise<Entrypoint> =>
    stack.adopt(await startEntrypoint({ ...entrypoint, drainMs }), (started) => started.stop());

  const fullLanes = stack.adopt(createFullLanes(shared), (lanes) => lanes.close());
  const declined = byPreface({ http2: fullLanes.http2, other: fullLanes.http1, timeoutMs: requestHeadMs });
  const fastLane = stack.adopt(createFastLane({ ...shared, declined, declinedLater: fullLanes.http1 }), (lane) =>
    lane.close(),
  );
  const certificates =
    options.tls && stack.adopt(await startCertificates({ ...options.tls, log }), (started) => started.stop());
  const httpLane = certificates
    ? overTls({ certificates, h2: fullLanes.http2, http1: fastLane, handshakeMs: tlsHandshakeMs, log })
    : fastLane;
  const route = grpcRoute(own.table, shared.table);
  const grpcLane = stack.adopt(createGrpcLane({ ...shared, route, bounds }), (lane) => lane.close());
  const notGrpc = refusalLane('this address speaks gRPC: HTTP/2 by prior knowledge');
  const plainGrpc = byPreface({ http2: grpcLane, other: notGrpc, timeoutMs: requestHeadMs });
  // Both on one port: services and the command line on this machine need no certificate of its.
  const grpcOrRefusal = certificates
    ? overTls({ certificates, h2: grpcLane, http1: notGrpc, plain: plainGrpc, handshakeMs: tlsHandshakeMs, log })
    : plainGrpc;
  const http = await start({ name: 'http', address: options.http, lane: httpLane });
  const grpc = await start({ name: 'grpc', address: options.grpc, lane: grpcOrRefusal });

  const healthChecks = stack.adopt(new HealthChecks({ log }), (checks) => checks.stop());
  const subscription = stack.adopt(
    startSubscription({
      present,
      source: options.routes,
      name,
      httpAddress: formatAddress(http.address),
      httpUsesTls: certificates !== undefined,
      lastGoodFile,
      keepsLastGood: options.keepsLastGood,
      firstTableMs,
      onUpdate(result) {
        metrics.routesApplied.inc({ result });
        healthChecks.follow(present.table);
        own.health.tableChanged();
      },
      log,
    }),
    (started) => started.stop(),
  );
  if ('fd' in options.http) await subscription.firstTable;
  await Promise.all([http.accept(), grpc.accept()]);
  const adminLane = createAdminLane({ registry: metrics.registry, routes: subscription.status, timeouts });
  const admin = options.admin && (await start({ name: 'admin', address: options.admin, lane: adminLane }));

  const started = stack.move();
  async function stop({ graceMs = drainGraceMs }: StopOptions = {}): Promise<void> {
    own.health.drain();
    for (const entrypoint of [admin, http, grpc]) entrypoint?.drain();
    if (graceMs > 0) await new Promise((resolve) => setTimeout(resolve, graceMs));
    own.health.endWatches();
    await Promise.all([http.stop(), grpc.stop()]);
    await started.disposeAsync();
  }
  let stopped: Promise<void> | undefined;
  return {
    http: http.address,
    grpc: grpc.address,
    admin: admin?.address,
    routes: subscription.status,
    metrics: metrics.registry,
    stop: (how) => (stopped ??= stop(how)),
  };
}
