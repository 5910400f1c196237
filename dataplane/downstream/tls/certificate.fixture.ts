import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { CertificateFiles } from './certificate-pair.ts';

export interface TestCertificate extends CertificateFiles {
  /** For clients, to trust. */
  readonly ca: Buffer;
}

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'micro-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Makes a certificate of its own for localhost, good for a day, in a folder of its own. */
export async function makeCertificate({ passphrase }: { readonly passphrase?: string } = {}): Promise<TestCertificate> {
  const folder = await temporaryFolder();
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', keyFile];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const encryption = passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`];
  const output = ['-days', '1', '-out', certFile];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...encryption, ...names, ...output]);
  return { certFile, keyFile, ca: await readFile(certFile) };
}

/** Puts a file in the place of another in one step, as editors do. */
export async function replaceFile(file: string, by: string): Promise<void> {
  await copyFile(by, `${file}.new`);
  await rename(`${file}.new`, file);
}
