import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { duration } from './duration.ts';
import {
  expandPath,
  gitRepository,
  list,
  loopbackAddress,
  network,
  nodeAddress,
  offOr,
  path,
  port,
  host,
  tcpAddress,
  timeout,
  wait,
} from './schemas.ts';
import type { Setting } from './setting.ts';

/** Settings that both planes and the client commands share. */
export const dataDir = {
  flag: '--data-dir',
  description: 'folder for what the node keeps, made on first use',
  default: '~/.micro',
  schema: path,
} satisfies Setting;

export const token = {
  flag: '--token',
  description:
    'control token (default: the one in <data-dir>/token; better in MICRO_TOKEN than in the list of processes)',
  schema: z.string().min(1, 'it may not be empty').optional(),
} satisfies Setting;

export const logLevel = {
  flag: '--log-level',
  description: 'least important messages to log: debug, info, warn or error',
  default: 'info',
  schema: z.enum(['debug', 'info', 'warn', 'error'], { error: 'it is one of debug, info, warn, error' }),
} satisfies Setting;

export const server = {
  flag: '--server',
  description: 'grpc entrypoint of the server to talk to',
  default: '127.0.0.1:8081',
  schema: tcpAddress,
} satisfies Setting;

/** Who asks for an instance to be stopped waits for it. */
export const longestInstanceDrainMs = 600_000;

export const controlPlaneSettings = {
  control: {
    flag: '--control',
    description: 'where the control plane listens',
    default: '127.0.0.1:8083',
    schema: tcpAddress,
  },
  etcd: {
    flag: '--etcd',
    description: 'external etcd that keeps the state, host:port[,host:port…] (default: etcd inside this process)',
    schema: list.pipe(z.array(tcpAddress).min(1, 'it needs at least one host:port')).optional(),
  },
  etcdListen: {
    flag: '--etcd-listen',
    description:
      'where services register themselves as in etcd, on the loopback; the next free port if taken; or "off"',
    default: '127.0.0.1:2379',
    schema: offOr(loopbackAddress),
  },
  namespace: {
    flag: '--namespace',
    description: 'what the names of services begin with',
    default: 'go.micro',
    schema: z
      .string()
      .max(100, 'it has more than 100 characters')
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, {
        error: 'it is made of lower-case words with dots between them, such as go.micro',
      }),
  },
  servicesRepo: {
    flag: '--services-repo',
    description: 'git repository of the sources that are named by a path alone: a URL, or a path on this machine',
    default: 'github.com/micro/services',
    schema: gitRepository,
  },
  readyTimeout: {
    flag: '--ready-timeout',
    description: 'how long an instance may take from its start until it is ready, before it is given up',
    default: '60s',
    schema: timeout,
  },
  instanceDrain: {
    flag: '--instance-drain',
    description: 'how long calls in flight may go on at an instance that is replaced or killed',
    default: '30s',
    schema: duration.refine((ms) => ms <= longestInstanceDrainMs, { error: 'it is more than 10m' }),
  },
} satisfies Record<string, Setting>;

/** Settings of a node of a cluster. */
export const clusterSettings = {
  address: {
    flag: '--address',
    description: 'IP address or host name on which this node listens, and at which the other nodes reach it',
    schema: host.optional(),
  },
  nodes: {
    flag: '--nodes',
    description:
      'nodes of the cluster, host[:port][,host[:port]…]; the same everywhere, or the others only (the port is that of --control)',
    requires: '--address',
    excludes: '--etcd',
    schema: list.pipe(z.array(nodeAddress).min(1, 'it needs at least one host')).optional(),
  },
  clusterTokenFile: {
    flag: '--cluster-token-file',
    description:
      "file of the secret that makes a node one of the cluster (default: that in the data folder; see 'micro cluster token')",
    requires: '--nodes',
    schema: path.optional(),
  },
  etcdBin: {
    flag: '--etcd-bin',
    description: 'etcd program of a node of a cluster, 3.4 or newer',
    default: 'etcd',
    requires: '--nodes',
    schema: z
      .string()
      .min(1, 'it needs a name or a path')
      .transform((text) => (text.includes('/') ? expandPath(text) : text)),
  },
  etcdPeerPort: {
    flag: '--etcd-peer-port',
    description: 'where the etcd of a node of a cluster listens for the others, on --address',
    default: '2380',
    requires: '--nodes',
    schema: port('it is a port, from 1 to 65535'),
  },
  etcdClientPort: {
    flag: '--etcd-client-port',
    description: 'where it listens on the loopback for this server (default: any free port)',
    requires: '--nodes',
    schema: port('it is a port, from 1 to 65535').optional(),
  },
} satisfies Record<string, Setting>;

export const dataPlaneSettings = {
  http: { flag: '--http', description: 'http entrypoint', default: ':8080', schema: tcpAddress },
  grpc: { flag: '--grpc', description: 'grpc entrypoint', default: ':8081', schema: tcpAddress },
  admin: {
    flag: '--admin',
    description: 'admin entrypoint: /healthz, /readyz, /metrics',
    default: '127.0.0.1:8082',
    schema: tcpAddress,
  },
  workers: {
    flag: '--workers',
    description: 'processes of the data plane, which share its ports; "auto" is one for each processor',
    default: '1',
    schema: z
      .string()
      .regex(/^([1-9]\d{0,2}|auto)$/, { error: 'it is a number from 1 to 999, or "auto"' })
      .transform((text) => (text === 'auto' ? availableParallelism() : Number(text))),
  },
  tlsCert: {
    flag: '--tls-cert',
    description: 'certificate chain (PEM) for TLS on http, and on grpc beside plain HTTP/2; read again when it changes',
    requires: '--tls-key',
    schema: path.optional(),
  },
  tlsKey: {
    flag: '--tls-key',
    description: 'its private key (PEM)',
    requires: '--tls-cert',
    schema: path.optional(),
  },
  trustedProxies: {
    flag: '--trusted-proxies',
    description: 'addresses and networks whose X-Forwarded-… headers are believed',
    default: '',
    schema: list.pipe(z.array(network)),
  },
  accessLog: {
    flag: '--access-log',
    description: 'a JSON line for each request: "stdout", a file, or "off"',
    default: 'stdout',
    schema: offOr(
      z
        .string()
        .min(1, 'it is "stdout", "off" or a file')
        .transform((text) => (text === 'stdout' ? text : expandPath(text))),
    ),
  },
  headTimeout: {
    flag: '--head-timeout',
    description: 'how long a client may take to send the head of a request',
    default: '10s',
    schema: timeout,
  },
  idleTimeout: {
    flag: '--idle-timeout',
    description: 'how long a connection of a client may rest between requests',
    default: '75s',
    schema: timeout,
  },
  connectTimeout: {
    flag: '--connect-timeout',
    description: 'how long an instance may take to accept a connection, before another is asked',
    default: '1s',
    schema: timeout,
  },
  answerTimeout: {
    flag: '--answer-timeout',
    description: 'how long an instance may take from the end of an HTTP request to the head of its answer',
    default: '60s',
    schema: timeout,
  },
  maxStreams: {
    flag: '--max-streams',
    description: 'gRPC calls that one connection of a client may have open at once',
    default: '1000',
    schema: z
      .string()
      .regex(/^[1-9]\d{0,5}$/, { error: 'it is a number from 1 to 999999' })
      .transform(Number),
  },
  drainGrace: {
    flag: '--drain-grace',
    description: 'how long new calls are still taken after SIGTERM, while the server is not ready any more',
    default: '500ms',
    schema: wait,
  },
  drain: {
    flag: '--drain',
    description: 'how long calls in flight may go on after that',
    default: '10s',
    schema: wait,
  },
} satisfies Record<string, Setting>;
