import { formatAddress, type TcpAddress } from '../../../proto/channel/address.ts';
import { type EtcdProgram, isOlder } from './program.ts';

/** A member of an etcd cluster, as the others know it. */
interface MemberUrl {
  readonly name: string;
  /** "https://host:port" */
  readonly peerUrl: string;
}

/** What makes a member the one it is. */
export interface MemberSettings extends MemberUrl {
  /** Of its data, and nothing else. */
  readonly folder: string;
  /** IP address and port at which the other members reach it. */
  readonly listenPeers: TcpAddress;
  readonly listenClients: TcpAddress;
  /** PEM files. */
  readonly tls: { readonly authority: string; readonly certificate: string; readonly key: string };
  /** What it is started with when it has no data yet; itself among the members. */
  readonly initial: {
    readonly clusterName: string;
    readonly members: readonly MemberUrl[];
    /** Whether the cluster is there already. */
    readonly existing: boolean;
  };
}

/** The flags of the etcd program for a member: mutual TLS everywhere. https://etcd.io/docs/v3.6/op-guide/configuration/ */
export function flagsOf(settings: MemberSettings, { version }: EtcdProgram): readonly string[] {
  const { name, peerUrl, folder, listenPeers, listenClients, tls, initial } = settings;
  const clientUrl = `https://${formatAddress(listenClients)}`;
  const flags = {
    name,
    'data-dir': folder,
    'listen-peer-urls': `https://${formatAddress(listenPeers)}`,
    'initial-advertise-peer-urls': peerUrl,
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'initial-cluster': initial.members.map((member) => `${member.name}=${member.peerUrl}`).join(','),
    'initial-cluster-token': initial.clusterName,
    'initial-cluster-state': initial.existing ? 'existing' : 'new',
    'peer-client-cert-auth': 'true',
    'peer-trusted-ca-file': tls.authority,
    'peer-cert-file': tls.certificate,
    'peer-key-file': tls.key,
    // A machine with several addresses calls from another one than it is called at. Its certificate is what counts.
    [skipsClientNames(version)]: 'true',
    'client-cert-auth': 'true',
    'trusted-ca-file': tls.authority,
    'cert-file': tls.certificate,
    'key-file': tls.key,
    // A member that was cut off and comes back asks before it makes the others elect anew.
    'pre-vote': 'true',
    // As the embedded one keeps it.
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '1h',
    logger: 'zap',
    'log-outputs': 'stderr',
    'log-level': 'info',
  };
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
}

function skipsClientNames(version: string): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const flag = 'peer-skip-client-san-verification';
  return isOlder([major, minor], [3, 6]) ? `experimental-${flag}` : flag;
}
