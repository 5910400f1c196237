import type { ManagedChoice } from '../../controlplane/cluster/managed-store.ts';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { UsageError } from '../errors.ts';

interface Listening {
  readonly address: string | undefined;
  readonly http: TcpAddress;
  readonly grpc: TcpAddress;
  readonly admin: TcpAddress;
  readonly control: TcpAddress;
  readonly nodes: readonly { readonly host: string; readonly port?: number }[] | undefined;
}

const loopback = '127.0.0.1';

/**
 * Puts listeners on `--address`, where that is given: those that name no host of their own; the control listener in a
 * cluster; and the admin entrypoint where several nodes are tried on one machine, on addresses of the loopback.
 *
 * @throws UsageError when the control listener cannot be there
 */
export function atAddress<Options extends Listening>(options: Options): Options {
  const { address, nodes, http, grpc, admin, control } = options;
  if (address === undefined) return options;
  const at = (listener: TcpAddress) => (listener.host === '' ? { ...listener, host: address } : listener);
  const isTrial = address.startsWith('127.');
  const adminAt = isTrial && admin.host === loopback ? { ...admin, host: address } : at(admin);
  if (nodes !== undefined && ![loopback, '', address].includes(control.host)) {
    throw new UsageError(
      `the configuration is wrong:\n  --control: in a cluster it listens on --address, ${address}: give the port alone, as ` +
        `:${control.port}`,
    );
  }
  if (nodes !== undefined && control.port === 0) {
    throw new UsageError('the configuration is wrong:\n  --control: in a cluster it has a port that stays the same');
  }
  const controlAt = nodes === undefined ? control : { ...control, host: address };
  return { ...options, http: at(http), grpc: at(grpc), admin: adminAt, control: controlAt };
}

/** This node's place among those of a cluster; undefined without `--nodes`. */
export function clusterOf(
  options: Listening & {
    readonly etcdBin: string;
    readonly etcdPeerPort: number;
    readonly etcdClientPort: number | undefined;
    readonly clusterTokenFile: string | undefined;
  },
): ManagedChoice | undefined {
  const { address, nodes, control, etcdBin, etcdPeerPort, etcdClientPort, clusterTokenFile } = options;
  if (nodes === undefined || address === undefined) return undefined;
  return {
    address,
    nodes: nodes.map(({ host, port = control.port }) => ({ host, port })),
    controlPort: control.port,
    peerPort: etcdPeerPort,
    clientPort: etcdClientPort,
    etcd: etcdBin,
    tokenFile: clusterTokenFile,
  };
}
