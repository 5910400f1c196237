import { copyFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { silent } from '../../data-plane.fixture.ts';
import { DataPlaneError } from '../../errors.ts';
import { makeCertificate, replaceFile, temporaryFolder } from './certificate.fixture.ts';
import type { CertificateFiles } from './certificate-pair.ts';
import { type Certificates, startCertificates } from './certificates.ts';

/** Certificates whose files are looked at every few milliseconds, until the test ends, and what they log. */
async function start(files: CertificateFiles) {
  const messages: string[] = [];
  const log = pino(
    { level: 'info' },
    { write: (line) => void messages.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const certificates = await startCertificates({ ...files, pollMs: 10, log });
  onTestFinished(() => certificates.stop());
  return { certificates, messages };
}

const shown = (certificates: Certificates): string => certificates.present().cert.toString();

test('a pair that cannot be used is refused, with the file and what is wrong', async () => {
  const folder = await temporaryFolder();
  const noPem = join(folder, 'no.pem');
  await writeFile(noPem, 'no PEM');
  const nothing = join(folder, 'nothing');
  const good = await makeCertificate();
  const locked = await makeCertificate({ passphrase: 'secret' });
  const refused: readonly [Partial<CertificateFiles>, string][] = [
    [{ certFile: nothing }, `the certificate ${nothing} cannot be read: no such file or directory`],
    [{ keyFile: folder }, `the key ${folder} cannot be read: illegal operation on a directory`],
    [{ certFile: noPem }, `${noPem} holds no certificate in PEM form`],
    [{ certFile: good.keyFile }, `${good.keyFile} holds no certificate in PEM form`],
    [{ keyFile: noPem }, `${noPem} holds no private key in PEM form`],
    [{ keyFile: locked.keyFile }, `the key ${locked.keyFile} has a passphrase`],
    [{ keyFile: (await makeCertificate()).keyFile }, 'does not belong to the first certificate in'],
  ];
  for (const [files, message] of refused) {
    const starting = startCertificates({ ...good, ...files, log: silent });
    await expect(starting).rejects.toThrow(DataPlaneError);
    await expect(starting).rejects.toMatchObject({
      code: 'certificate-unusable',
      message: expect.stringContaining(message) as string,
    });
    await expect(starting).rejects.toThrow(/; give [^;]*pair/);
  }
});

test('a certificate that expired, or is not valid yet, is used with a warning', async () => {
  const files = await makeCertificate();
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const daysMs = 24 * 60 * 60_000;
  const now = Date.now();
  vi.setSystemTime(now + 2 * daysMs);
  expect((await start(files)).messages).toEqual([expect.stringMatching(/cert\.pem expired on .*: clients refuse it$/)]);
  vi.setSystemTime(now - 2 * daysMs);
  expect((await start(files)).messages).toEqual([expect.stringMatching(/cert\.pem is not valid before .*: clients/)]);
});

test('a pair that is put in the place of the first, file by file, is taken', async () => {
  const files = await makeCertificate();
  const next = await makeCertificate();
  const { certificates, messages } = await start(files);
  const first = certificates.present();
  expect(certificates.present()).toBe(first);
  await replaceFile(files.certFile, next.certFile);
  await replaceFile(files.keyFile, next.keyFile);
  await vi.waitFor(() => expect(shown(certificates)).toBe(String(next.ca)));
  expect(messages.at(-1)).toBe('a new certificate is in use');
});

test('a pair in a folder whose link is swapped is taken', async () => {
  const [one, two] = [await makeCertificate(), await makeCertificate()];
  const folder = await temporaryFolder();
  const link = join(folder, 'current');
  await symlink(join(one.certFile, '..'), link);
  const { certificates } = await start({ certFile: join(link, 'cert.pem'), keyFile: join(link, 'key.pem') });
  await symlink(join(two.certFile, '..'), join(folder, 'next'));
  await rename(join(folder, 'next'), link);
  await vi.waitFor(() => expect(shown(certificates)).toBe(String(two.ca)));
});

test('a changed pair that cannot be used leaves the one before in use, and is told once', async () => {
  const files = await makeCertificate();
  const next = await makeCertificate();
  const { certificates, messages } = await start(files);
  const before = shown(certificates);
  const complaint = (reason: string): string =>
    expect.stringMatching(
      `^the changed certificate cannot be used, the one before stays in use: .*${reason}`,
    ) as string;

  await replaceFile(files.certFile, next.certFile);
  await vi.waitFor(() => expect(messages).toEqual([complaint('does not belong')]));
  await rm(files.keyFile);
  await vi.waitFor(() => expect(messages).toEqual([complaint('does not belong'), complaint('cannot be read')]));
  expect(shown(certificates)).toBe(before);

  await copyFile(next.keyFile, files.keyFile);
  await vi.waitFor(() => expect(shown(certificates)).toBe(String(next.ca)));
  expect(messages).toHaveLength(3);
});
