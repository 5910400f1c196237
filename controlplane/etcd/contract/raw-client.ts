import { credentials, type ServiceError } from '@grpc/grpc-js';
import {
  ClusterClient,
  CompactionRequest,
  type CompactionResponse,
  DeleteRangeRequest,
  type DeleteRangeResponse,
  KVClient,
  LeaseClient,
  LeaseGrantRequest,
  type LeaseGrantResponse,
  LeaseLeasesRequest,
  type LeaseLeasesResponse,
  LeaseRevokeRequest,
  type LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  type LeaseTimeToLiveResponse,
  MaintenanceClient,
  MemberListRequest,
  type MemberListResponse,
  type MessageFns,
  PutRequest,
  type PutResponse,
  RangeRequest,
  type RangeResponse,
  StatusRequest,
  type StatusResponse,
  TxnRequest,
  type TxnResponse,
  WatchClient,
} from '../gen/rpc.ts';

/** etcd's API with nothing between: what is left out of a request is left out on the wire. */
export interface RawClient {
  readonly range: Call<RangeRequest, RangeResponse>;
  readonly put: Call<PutRequest, PutResponse>;
  readonly deleteRange: Call<DeleteRangeRequest, DeleteRangeResponse>;
  readonly txn: Call<TxnRequest, TxnResponse>;
  readonly compact: Call<CompactionRequest, CompactionResponse>;
  readonly leaseGrant: Call<LeaseGrantRequest, LeaseGrantResponse>;
  readonly leaseRevoke: Call<LeaseRevokeRequest, LeaseRevokeResponse>;
  readonly leaseTimeToLive: Call<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse>;
  readonly leaseLeases: Call<LeaseLeasesRequest, LeaseLeasesResponse>;
  readonly status: Call<StatusRequest, StatusResponse>;
  readonly memberList: Call<MemberListRequest, MemberListResponse>;
  readonly watch: WatchClient['watch'];
  readonly leaseKeepAlive: LeaseClient['leaseKeepAlive'];
  readonly maintenance: MaintenanceClient;
  readonly cluster: ClusterClient;
  close(): void;
}

type Call<Request, Response> = (request?: Partial<Request>) => Promise<Response>;
type Method<Request, Response> = (
  request: Request,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

/** Connects to "host:port" or "unix:/path" on the first call. */
export function connectRaw(host: string): RawClient {
  const options = {
    'grpc.enable_http_proxy': 0,
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.initial_reconnect_backoff_ms': 50,
  };
  const insecure = credentials.createInsecure();
  const kv = new KVClient(host, insecure, options);
  const watch = new WatchClient(host, insecure, options);
  const lease = new LeaseClient(host, insecure, options);
  const maintenance = new MaintenanceClient(host, insecure, options);
  const cluster = new ClusterClient(host, insecure, options);
  return {
    range: callOf(RangeRequest, (request, done) => kv.range(request, done)),
    put: callOf(PutRequest, (request, done) => kv.put(request, done)),
    deleteRange: callOf(DeleteRangeRequest, (request, done) => kv.deleteRange(request, done)),
    txn: callOf(TxnRequest, (request, done) => kv.txn(request, done)),
    compact: callOf(CompactionRequest, (request, done) => kv.compact(request, done)),
    leaseGrant: callOf(LeaseGrantRequest, (request, done) => lease.leaseGrant(request, done)),
    leaseRevoke: callOf(LeaseRevokeRequest, (request, done) => lease.leaseRevoke(request, done)),
    leaseTimeToLive: callOf(LeaseTimeToLiveRequest, (request, done) => lease.leaseTimeToLive(request, done)),
    leaseLeases: callOf(LeaseLeasesRequest, (request, done) => lease.leaseLeases(request, done)),
    status: callOf(StatusRequest, (request, done) => maintenance.status(request, done)),
    memberList: callOf(MemberListRequest, (request, done) => cluster.memberList(request, done)),
    watch: () => watch.watch(),
    leaseKeepAlive: () => lease.leaseKeepAlive(),
    maintenance,
    cluster,
    close: () => {
      for (const client of [kv, watch, lease, maintenance, cluster]) client.close();
    },
  };
}

/** A message with the given fields, and the others as if they were not sent. */
export function message<T>(type: MessageFns<T>, fields: Partial<T> = {}): T {
  return { ...type.decode(new Uint8Array()), ...fields };
}

function callOf<Request, Response>(
  type: MessageFns<Request>,
  method: Method<Request, Response>,
): Call<Request, Response> {
  return (fields) =>
    new Promise((resolve, reject) => {
      method(message(type, fields), (error, response) => (error === null ? resolve(response) : reject(error)));
    });
}
