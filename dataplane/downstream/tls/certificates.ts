import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import { type CertificateFiles, type CertificatePair, readCertificatePair } from './certificate-pair.ts';

export interface CertificatesOptions extends CertificateFiles {
  /** How often the files are looked at, in milliseconds; 1,000 by default. They are read when they rested that long. */
  readonly pollMs?: number;
  readonly log: Logger;
}

/** The certificate that an entrypoint shows, as new as its files. */
export interface Certificates {
  /** The pair for connections that begin now: the same object until there is a new one. */
  readonly present: () => CertificatePair;
  stop(): void;
}

/**
 * Reads a certificate and its key, and again whenever the files change. A pair that cannot be used then leaves the one
 * before in use, and is logged.
 *
 * @throws DataPlaneError `certificate-unusable` when the first pair cannot be used
 */
export async function startCertificates(options: CertificatesOptions): Promise<Certificates> {
  const { certFile, keyFile, pollMs = 1_000, log } = options;
  const files = [certFile, keyFile];
  let timer: NodeJS.Timeout | undefined;

  // The two are seldom replaced at once: between the one and the other they do not match.
  const onChange = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void readAgain(), pollMs).unref();
  };
  // By path, time and again: a folder whose link is swapped, as certbot and Kubernetes do, is not noticed by `watch`.
  for (const file of files) watchFile(file, { interval: pollMs, persistent: false }, onChange);
  const stop = (): void => {
    clearTimeout(timer);
    for (const file of files) unwatchFile(file, onChange);
  };

  let present: CertificatePair;
  try {
    present = await readCertificatePair(options);
  } catch (error) {
    stop();
    throw error;
  }
  warnOfDates(present, options);

  async function readAgain(): Promise<void> {
    try {
      const next = await readCertificatePair(options);
      if (next.cert.equals(present.cert) && next.key.equals(present.key)) return;
      present = next;
      log.info({ certFile, subject: next.leaf.subject, validTo: next.leaf.validTo }, 'a new certificate is in use');
      warnOfDates(next, options);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error(`the changed certificate cannot be used, the one before stays in use: ${reason}`);
    }
  }

  return { present: () => present, stop };
}

function warnOfDates({ leaf }: CertificatePair, { certFile, log }: CertificatesOptions): void {
  const { validFrom, validTo } = leaf;
  if (Date.parse(validTo) < Date.now())
    log.warn(`the certificate ${certFile} expired on ${validTo}: clients refuse it`);
  if (Date.parse(validFrom) > Date.now())
    log.warn(`the certificate ${certFile} is not valid before ${validFrom}: clients refuse it until then`);
}
