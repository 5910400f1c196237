import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { getSystemErrorMap } from 'node:util';
import { DataPlaneError } from '../../errors.ts';

/** Files in PEM form. */
export interface CertificateFiles {
  /** The certificate, and after it those between it and the one that clients trust. */
  readonly certFile: string;
  /** Its private key, without a passphrase. */
  readonly keyFile: string;
}

/** A certificate chain and its key, found to belong together. */
export interface CertificatePair {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** The first of the chain: what clients check the host's name against. */
  readonly leaf: X509Certificate;
}

/**
 * Reads a pair and checks it. What clients would make of its names and dates is not asked.
 *
 * @throws DataPlaneError `certificate-unusable` that names the file
 */
export async function readCertificatePair({ certFile, keyFile }: CertificateFiles): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([read('certificate', certFile), read('key', keyFile)]);
  const leaf = parseCertificate(certFile, cert);
  if (!leaf.checkPrivateKey(parseKey(keyFile, key))) {
    throw unusable(`the key ${keyFile} does not belong to the first certificate in ${certFile}; give a matching pair`);
  }
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw unusable(
      `TLS cannot be spoken with ${certFile} and ${keyFile}: ${messageOf(cause)}; give another pair`,
      cause,
    );
  }
  return { cert, key, leaf };
}

async function read(what: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const [, reason] = getSystemErrorMap().get((cause as NodeJS.ErrnoException).errno ?? 0) ?? [];
    throw unusable(`the ${what} ${file} cannot be read: ${reason ?? messageOf(cause)}; give a pair that can be`, cause);
  }
}

function parseCertificate(file: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw unusable(`${file} holds no certificate in PEM form; give a pair that is PEM`, cause);
  }
}

function parseKey(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    // "BEGIN ENCRYPTED PRIVATE KEY", or "Proc-Type: 4,ENCRYPTED" of older tools (RFC 1421).
    if (pem.includes('ENCRYPTED'))
      throw unusable(`the key ${file} has a passphrase; give a pair whose key has none`, cause);
    throw unusable(`${file} holds no private key in PEM form; give a pair that is PEM`, cause);
  }
}

function unusable(message: string, cause?: unknown): DataPlaneError {
  return new DataPlaneError('certificate-unusable', message, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
