import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { expect, onTestFinished } from 'vitest';
import { makeCertificate } from '../harness/certificate.ts';
import { samples } from '../harness/samples.ts';
import { test } from '../harness/test.ts';

interface Answer {
  readonly status: number | undefined;
  /** Common name of the certificate that was shown. */
  readonly shown: string | undefined;
}

async function ask(url: string, agent: Agent): Promise<Answer> {
  const [answer] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  const { CN } = (answer.socket as TLSSocket).getPeerCertificate().subject;
  await text(answer);
  return { status: answer.statusCode, shown: String(CN) };
}

test('the http entrypoint speaks TLS, and takes a new certificate while connections stand', async ({
  start,
  folder,
}) => {
  const first = await makeCertificate(folder, 'first');
  const second = await makeCertificate(folder, 'second');
  const server = await start({ flags: ['--tls-cert', first.certFile, '--tls-key', first.keyFile] });
  expect(server.log()).toContain(`http https://${server.addresses.http}`);
  const url = `https://${server.addresses.http}/api/clock/`;
  expect(await server.succeed('run', samples.clock)).toContain(`: ${url}`);

  const kept = new Agent({ ca: first.ca, keepAlive: true, maxSockets: 1 });
  onTestFinished(() => kept.destroy());
  // A session that is resumed shows no certificate.
  const fresh = new Agent({ ca: [first.ca, second.ca], maxCachedSessions: 0 });
  expect(await ask(`${url}time`, kept)).toEqual({ status: 200, shown: 'first' });
  const session = connectHttp2(url, { ca: first.ca });
  onTestFinished(() => session.destroy());
  expect(await text(session.request({ ':path': '/api/clock/time' }))).toContain('"zone"');
  const plain = await fetch(server.url('/api/clock/time'));
  expect([plain.status, await plain.text()]).toEqual([400, expect.stringContaining('use https://')]);

  await writeFile(first.certFile, 'broken');
  await expect.poll(() => server.log(), { timeout: 10_000 }).toContain('holds no certificate');
  expect(await ask(`${url}time`, fresh)).toEqual({ status: 200, shown: 'first' });
  await copyFile(second.keyFile, first.keyFile);
  await copyFile(second.certFile, first.certFile);
  await expect.poll(() => ask(`${url}time`, fresh), { timeout: 10_000 }).toEqual({ status: 200, shown: 'second' });
  expect(await ask(`${url}time`, kept)).toEqual({ status: 200, shown: 'first' });
});

test('workers speak TLS too', async ({ start, folder }) => {
  const { certFile, keyFile, ca } = await makeCertificate(folder, 'one');
  const server = await start({ flags: ['--tls-cert', certFile, '--tls-key', keyFile, '--workers', '2'] });
  expect(server.log()).toContain(`http https://${server.addresses.http}`);
  const answer = await ask(`https://${server.addresses.http}/api/nobody/`, new Agent({ ca }));
  expect(answer).toEqual({ status: 404, shown: 'one' });
});

test.for([['1'], ['2']])(
  'a certificate that cannot be used with --workers %s is told with its file and flags, exit 1',
  async ([workers = ''], { start, folder }) => {
    const { certFile } = await makeCertificate(folder, 'one');
    const { keyFile } = await makeCertificate(folder, 'another');
    await expect(
      start({ flags: ['--tls-cert', certFile, '--tls-key', keyFile, '--workers', workers] }),
    ).rejects.toThrow(
      new RegExp(`ended with 1:[^]*micro: the key ${keyFile} does not belong to [^\n]* with --tls-cert and --tls-key`),
    );
    await expect(start({ flags: ['--tls-cert', join(folder, 'none'), '--tls-key', keyFile] })).rejects.toThrow(
      new RegExp(`micro: the certificate ${join(folder, 'none')} cannot be read`),
    );
  },
);
