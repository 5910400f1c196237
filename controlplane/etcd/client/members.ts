import { type ServiceError, status as grpcStatus } from '@grpc/grpc-js';
import type { TcpAddress } from '../../../proto/channel/address.ts';
import { type ChannelTls, connect, unary } from '../../../proto/channel/client.ts';
import { ControlPlaneError } from '../../errors.ts';
import {
  ClusterClient,
  MaintenanceClient,
  type MemberAddResponse,
  type MemberListResponse,
  type MemberPromoteResponse,
  type MemberRemoveResponse,
  type StatusResponse,
} from '../gen/rpc.ts';

/** A member of an etcd cluster. */
export interface EtcdMember {
  readonly id: bigint;
  /** Empty for one that was added and has never been started. */
  readonly name: string;
  readonly peerUrl: string;
  /** Whether it has ever been up. */
  readonly started: boolean;
  readonly learner: boolean;
}

/** What etcd's Cluster and Maintenance services are asked for. https://etcd.io/docs/v3.6/learning/api/ */
export interface EtcdMembers {
  /** As the member that is asked knows them, with or without a quorum. */
  list(): Promise<readonly EtcdMember[]>;
  /** How the member that is asked does; `leader` is 0 while there is none. */
  status(): Promise<{ readonly leader: bigint; readonly learner: boolean }>;
  addLearner(peerUrl: string): Promise<EtcdMember>;
  remove(id: bigint): Promise<void>;
  promote(id: bigint): Promise<void>;
  close(): void;
}

/**
 * Connects to one member when it is first asked. Its calls fail with ControlPlaneError: `unavailable` when the same call
 * may work later, `failed` when etcd refuses.
 */
export function connectMembers(address: TcpAddress, tls: ChannelTls): EtcdMembers {
  const options = { tls, unaryDeadlineMs: 4_000 };
  const cluster = connect(ClusterClient, address, options);
  const maintenance = connect(MaintenanceClient, address, options);
  return {
    async list() {
      const { members } = await ask<MemberListResponse>((done) => cluster.memberList({ linearizable: false }, done));
      return members.map(toMember);
    },
    async status() {
      const { leader, isLearner } = await ask<StatusResponse>((done) => maintenance.status({}, done));
      return { leader, learner: isLearner };
    },
    async addLearner(peerUrl) {
      const request = { peerURLs: [peerUrl], isLearner: true };
      const { member } = await ask<MemberAddResponse>((done) => cluster.memberAdd(request, done));
      if (member === undefined) throw new ControlPlaneError('internal', 'etcd told nothing of the member it added');
      return toMember(member);
    },
    async remove(id) {
      await ask<MemberRemoveResponse>((done) => cluster.memberRemove({ ID: id }, done));
    },
    async promote(id) {
      await ask<MemberPromoteResponse>((done) => cluster.memberPromote({ ID: id }, done));
    },
    close() {
      cluster.close();
      maintenance.close();
    },
  };
}

function toMember({ ID, name, peerURLs, clientURLs, isLearner }: MemberListResponse['members'][number]): EtcdMember {
  return { id: ID, name, peerUrl: peerURLs[0] ?? '', started: clientURLs.length > 0, learner: isLearner };
}

async function ask<Response>(
  start: (callback: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  try {
    return await unary<Response>(start);
  } catch (error) {
    const { code, details } = error as ServiceError;
    const message = code === grpcStatus.DEADLINE_EXCEEDED ? 'its etcd does not answer' : `etcd says: ${details}`;
    throw new ControlPlaneError(isForNow(code, details) ? 'unavailable' : 'failed', message, { cause: error });
  }
}

/** What etcd refuses for now it does not tell apart by the code alone. */
function isForNow(code: grpcStatus, details: string): boolean {
  return (
    code === grpcStatus.UNAVAILABLE ||
    code === grpcStatus.DEADLINE_EXCEEDED ||
    /context deadline exceeded|in sync with leader|unhealthy cluster|too many learner|not enough started members/.test(
      details,
    )
  );
}
