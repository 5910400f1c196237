import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import writeFileAtomic from 'write-file-atomic';
import type { ChannelTls } from '../../../proto/channel/client.ts';
import { deriveAuthority, makeNodeKeys } from './authority.ts';

export interface NodeCredentialsOptions {
  readonly clusterToken: string;
  /** Name of the node. */
  readonly node: string;
  /** IP addresses and host names that the node is reached at, beside those of the loopback. */
  readonly hosts: readonly string[];
  /** Where programs find the certificate; made when it is missing, mode 0700. */
  readonly folder: string;
  readonly log: Logger;
  /** Milliseconds since 1970. Default Date.now. */
  readonly now?: () => number;
}

/** What a node shows to the others, and knows them by: TLS in both directions, with certificates of the cluster's authority. */
export interface NodeCredentials {
  /** PEM files, for etcd, which reads them at each handshake. */
  readonly files: { readonly authority: string; readonly certificate: string; readonly key: string };
  /** For gRPC servers: a client needs a certificate of the cluster. */
  readonly server: ServerCredentials;
  /** For gRPC clients. */
  readonly channel: ChannelTls;
  /** Makes a new certificate when a third of the life of the present one has gone. Done every minute by itself. */
  renew(): Promise<void>;
  stop(): void;
}

/**
 * In the certificate of every node: whoever has one is of the cluster, and that is all that gRPC asks. TLS has no name for a
 * server that is known by its IP address (RFC 6066, section 3).
 */
const serverName = 'node.micro.internal';

const hourMs = 60 * 60_000;
const lifeMs = 24 * hourMs;
/** Clocks of nodes may be that far apart. */
const leewayMs = hourMs;
const checkEveryMs = 60_000;

/** Makes the node's key and first certificate. The key lives as long as the process. */
export async function makeNodeCredentials(options: NodeCredentialsOptions): Promise<NodeCredentials> {
  const { clusterToken, node, folder, log, now = Date.now } = options;
  const hosts = [...new Set([...options.hosts, serverName, 'localhost', '127.0.0.1', '::1'])];
  const files = {
    authority: join(folder, 'authority.crt'),
    certificate: join(folder, 'node.crt'),
    key: join(folder, 'node.key'),
  };
  const authority = await deriveAuthority(clusterToken);
  const { publicKey, privateKey } = await makeNodeKeys();
  const provider = new Provider(authority.certificate, privateKey);
  let issuedMs = 0;

  const issue = async (): Promise<void> => {
    const startMs = now();
    const certificate = await authority.issue({
      node,
      hosts,
      publicKey,
      notBefore: new Date(startMs - leewayMs),
      notAfter: new Date(startMs + lifeMs),
    });
    await writeFileAtomic(files.certificate, certificate, { mode: 0o600 });
    provider.use(certificate);
    issuedMs = startMs;
  };

  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFileAtomic(files.authority, authority.certificate, { mode: 0o600 });
  await writeFileAtomic(files.key, privateKey, { mode: 0o600 });
  await issue();

  const renew = async (): Promise<void> => {
    // A clock that was put back makes the present one invalid, too.
    if (Math.abs(now() - issuedMs) >= lifeMs / 3) await issue();
  };
  const timer = setInterval(() => {
    renew().catch((error: unknown) => log.error({ err: error }, 'the certificate of this node cannot be renewed'));
  }, checkEveryMs);
  timer.unref();

  return {
    files,
    server: experimental.createCertificateProviderServerCredentials(provider, provider, true),
    channel: { credentials: experimental.createCertificateProviderChannelCredentials(provider, provider), serverName },
    renew,
    stop: () => clearInterval(timer),
  };
}

/** Tells gRPC of each new certificate, to be used from the next handshake on. */
class Provider implements experimental.CertificateProvider {
  readonly #authority: Buffer;
  readonly #key: Buffer;
  readonly #listeners = new Set<experimental.IdentityCertificateUpdateListener>();
  #certificate = Buffer.alloc(0);

  constructor(authority: string, key: string) {
    this.#authority = Buffer.from(authority);
    this.#key = Buffer.from(key);
  }

  use(certificate: string): void {
    this.#certificate = Buffer.from(certificate);
    for (const listener of this.#listeners) listener(this.#identity);
  }

  get #identity(): experimental.IdentityCertificateUpdate {
    return { certificate: this.#certificate, privateKey: this.#key };
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    // A gRPC server takes note of who is to be told of it after it has asked.
    queueMicrotask(() => listener({ caCertificate: this.#authority }));
  }

  removeCaCertificateListener(): void {
    // The authority stays the same.
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#listeners.add(listener);
    queueMicrotask(() => listener(this.#identity));
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#listeners.delete(listener);
  }
}
