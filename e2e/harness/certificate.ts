import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** For clients, to trust. */
  readonly ca: Buffer;
}

/** Makes a certificate of its own for 127.0.0.1, good for a day: `name`.crt and `name`.key in `folder`. */
export async function makeCertificate(folder: string, name: string): Promise<Certificate> {
  const certFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  await execa('openssl', ['req', '-x509', ...key, ...names, '-days', '1', '-out', certFile]);
  return { certFile, keyFile, ca: await readFile(certFile) };
}
