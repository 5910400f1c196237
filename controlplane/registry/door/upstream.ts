import { type ChannelOptions, status } from '@grpc/grpc-js';
import { type Address, formatAddress } from '../../../proto/channel/address.ts';
import { channelSecurity, type ChannelTls } from '../../../proto/channel/client.ts';
import { ClusterClient, KVClient, LeaseClient, MaintenanceClient, WatchClient } from '../../etcd/gen/rpc.ts';

/** The clients of one endpoint of the etcd behind the door. */
export interface Endpoint {
  readonly kv: KVClient;
  readonly watch: WatchClient;
  readonly lease: LeaseClient;
  readonly maintenance: MaintenanceClient;
  readonly cluster: ClusterClient;
}

/** The etcd behind the door. */
export interface Upstream {
  /** Where the next call goes. */
  readonly endpoint: Endpoint;
  /** Takes note of how a call ended: after an endpoint was not there, calls go to the next one. */
  ended(endpoint: Endpoint, code: status): void;
  close(): void;
}

const options: ChannelOptions = {
  'grpc.enable_http_proxy': 0,
  // The door's clients wait and ask again by their own measure.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // The answers of an etcd may be of any size, and are passed on.
  'grpc.max_receive_message_length': -1,
};

/** Connects to an endpoint when it is first used. */
export function connectUpstream(addresses: readonly Address[], tls: ChannelTls | undefined): Upstream {
  const endpoints = addresses.map((address) => connectEndpoint(formatAddress(address), tls));
  const [first] = endpoints;
  if (first === undefined) throw new TypeError('the registry door needs an etcd to forward to');
  let current = first;
  return {
    get endpoint() {
      return current;
    },
    ended: (endpoint, code) => {
      if (code !== status.UNAVAILABLE || endpoint !== current) return;
      current = endpoints[(endpoints.indexOf(endpoint) + 1) % endpoints.length] ?? first;
    },
    close: () => {
      for (const { kv, watch, lease, maintenance, cluster } of endpoints)
        for (const client of [kv, watch, lease, maintenance, cluster]) client.close();
    },
  };
}

function connectEndpoint(target: string, tls: ChannelTls | undefined): Endpoint {
  const { credentials, options: own } = channelSecurity(tls);
  const all = { ...options, ...own };
  return {
    kv: new KVClient(target, credentials, all),
    watch: new WatchClient(target, credentials, all),
    lease: new LeaseClient(target, credentials, all),
    maintenance: new MaintenanceClient(target, credentials, all),
    cluster: new ClusterClient(target, credentials, all),
  };
}
