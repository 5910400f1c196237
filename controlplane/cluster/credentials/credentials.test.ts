import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, connect as connectTls, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startNodeServer } from '../nodes/serve.ts';
import { deriveAuthority } from './authority.ts';
import { makeNodeCredentials, type NodeCredentials } from './node-credentials.ts';
import { readClusterToken } from './token.ts';

const log = pino({ level: 'silent' });
const clusterToken = 'a'.repeat(43);
const otherToken = 'b'.repeat(43);

let folder: string;
const made: NodeCredentials[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'micro-credentials-'));
});

afterEach(async () => {
  for (const credentials of made.splice(0)) credentials.stop();
  await rm(folder, { recursive: true });
});

async function credentialsOf(node: string, token = clusterToken, now?: () => number): Promise<NodeCredentials> {
  const credentials = await makeNodeCredentials({
    clusterToken: token,
    node,
    hosts: ['127.0.0.1', 'node.example'],
    folder: join(folder, node),
    log,
    ...(now && { now }),
  });
  made.push(credentials);
  return credentials;
}

async function pem({ files }: NodeCredentials) {
  const [ca, cert, key] = await Promise.all([files.authority, files.certificate, files.key].map((f) => readFile(f)));
  return { ca, cert, key } as { ca: Buffer; cert: Buffer; key: Buffer };
}

/** Shakes hands, both sides asking for a certificate of their own cluster. Returns what the server says then. */
async function shakeHands(server: NodeCredentials, client: NodeCredentials): Promise<string> {
  const listener = createServer({ ...(await pem(server)), requestCert: true, rejectUnauthorized: true }, (socket) => {
    socket.end(`hello ${String(socket.getPeerCertificate().subject.CN)}`);
  });
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    const { port } = listener.address() as AddressInfo;
    const socket: TLSSocket = connectTls({ ...(await pem(client)), host: '127.0.0.1', port });
    let said = '';
    for await (const chunk of socket) said += String(chunk);
    return said;
  } finally {
    listener.close();
  }
}

test('the authority is the same on each node, and another with another token', async () => {
  const [one, same, other] = await Promise.all([clusterToken, clusterToken, otherToken].map(deriveAuthority));
  const read = (authority = one) => {
    const { publicKey, subject, serialNumber, validTo } = new X509Certificate(authority?.certificate ?? '');
    return { key: publicKey.export({ type: 'spki', format: 'pem' }), subject, serialNumber, validTo };
  };
  expect(read(same)).toEqual(read(one));
  expect(read(other).key).not.toBe(read(one).key);
  // What every node that is out there relies on.
  expect(read(one).key).toMatchInlineSnapshot(`
    "-----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIl2Y3Wu+g2QAoRFTYFrhA7DVilZB
    0UKFfzlZ/fT/F3XwiDP4n5cRTKE2WLBRfHay+bUyh3Sy3L/FqgOvVjbK8g==
    -----END PUBLIC KEY-----
    "
  `);
});

test('nodes with one token trust each other', async () => {
  const [one, two] = [await credentialsOf('one'), await credentialsOf('two')];
  expect(await shakeHands(one, two)).toBe('hello two');
  expect(await shakeHands(two, one)).toBe('hello one');
});

test('a node with another token is refused, whoever calls', async () => {
  const [one, stranger] = [await credentialsOf('one'), await credentialsOf('stranger', otherToken)];
  await expect(shakeHands(one, stranger)).rejects.toThrow(/certificate/);
  await expect(shakeHands(stranger, one)).rejects.toThrow(/certificate/);
});

test('a certificate is short-lived, names what the node is reached at, and is renewed with time to spare', async () => {
  let now = Date.now();
  const credentials = await credentialsOf('one', clusterToken, () => now);
  const read = async () => new X509Certificate((await pem(credentials)).cert);
  const first = await read();
  expect(Date.parse(first.validTo) - Date.parse(first.validFrom)).toBe(25 * 60 * 60_000);
  for (const host of ['node.example', 'localhost']) expect(first.checkHost(host)).toBe(host);
  for (const ip of ['127.0.0.1', '::1']) expect(first.checkIP(ip)).toBe(ip);

  now += 7 * 60 * 60_000;
  await credentials.renew();
  expect((await read()).serialNumber).toBe(first.serialNumber);

  now += 60 * 60_000;
  await credentials.renew();
  expect((await read()).serialNumber).not.toBe(first.serialNumber);
  expect((await stat(credentials.files.key)).mode & 0o777).toBe(0o600);
});

test('gRPC shows a renewed certificate from the next handshake on', async () => {
  let now = Date.now() - 8 * 60 * 60_000;
  const credentials = await credentialsOf('one', clusterToken, () => now);
  const listen = { host: '127.0.0.1', port: 0 };
  const server = await startNodeServer({ listen, credentials: credentials.server, log });
  const shown = async (): Promise<string> => {
    const socket = connectTls({ ...(await pem(credentials)), ...server.address, ALPNProtocols: ['h2'] });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  try {
    const first = await shown();
    now = Date.now();
    await credentials.renew();
    expect(await shown()).not.toBe(first);
  } finally {
    await server.stop();
  }
});

test('a token is made once, and kept for its owner alone', async () => {
  const made = await readClusterToken({ dataFolder: folder, file: undefined });
  expect(made).toEqual({ token: expect.stringMatching(/^\S{43}$/) as string, isNew: true });
  expect(await readClusterToken({ dataFolder: folder, file: undefined })).toEqual({ token: made.token, isNew: false });
  expect((await stat(join(folder, 'cluster-token'))).mode & 0o777).toBe(0o600);
});

test('a token that is given is kept, so that the next start needs none', async () => {
  const file = join(folder, 'given');
  await writeFile(file, `${otherToken}\n`);
  expect(await readClusterToken({ dataFolder: folder, file })).toEqual({ token: otherToken, isNew: false });
  expect(await readClusterToken({ dataFolder: folder, file: undefined })).toEqual({ token: otherToken, isNew: false });
});

test.each(['', 'short', `${'a'.repeat(40)} and a word`])('"%s" is no token', async (text) => {
  const file = join(folder, 'given');
  await writeFile(file, text);
  await expect(readClusterToken({ dataFolder: folder, file })).rejects.toThrow(`${file} holds no cluster token`);
});

test('a token file that is not there is named', async () => {
  const file = join(folder, 'none');
  await expect(readClusterToken({ dataFolder: folder, file })).rejects.toThrow(`no cluster token in ${file}`);
});
