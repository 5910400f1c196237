import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { build } from 'esbuild';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectRaw, type RawClient } from '../contract/raw-client.ts';
import { startEmbeddedEtcd } from './embedded-etcd.ts';
import { findDamage } from './store/file-check.ts';

const log = pino({ level: 'silent' });
let built: string;
let folder: string;
let dataFile: string;

beforeAll(async () => {
  // Inside the repository, where its packages are found.
  await mkdir('dist', { recursive: true });
  built = await mkdtemp(join('dist', 'fixture-'));
  await build({
    entryPoints: [fileURLToPath(new URL('./server-process.fixture.ts', import.meta.url))],
    outfile: join(built, 'server.mjs'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
  });
});
afterAll(() => rm(built, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'micro-etcd-faults-'));
  dataFile = join(folder, 'etcd', 'data.mdb');
});
afterEach(() => rm(folder, { recursive: true }));

interface ServerProcess {
  readonly child: ChildProcess;
  readonly client: RawClient;
  kill(): Promise<void>;
}

async function startProcess(): Promise<ServerProcess> {
  const socketPath = join(folder, 'etcd.sock');
  const child = spawn(process.execPath, [join(built, 'server.mjs'), join(folder, 'etcd'), socketPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server exited with ${code}`))),
  ]);
  const client = connectRaw(`unix:${socketPath}`);
  return {
    child,
    client,
    kill: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      client.close();
    },
  };
}

/** Starts in this process, runs, and stops. */
async function withServer(run: (client: RawClient) => Promise<void>): Promise<void> {
  const server = await startEmbeddedEtcd({ folder: join(folder, 'etcd'), socketPath: join(folder, 's'), log });
  const client = connectRaw(server.addresses[0]);
  try {
    await run(client);
  } finally {
    client.close();
    await server.stop();
  }
}

const key = (name: string): Buffer => Buffer.from(name);

test('whatever was acknowledged outlives kill -9 under load, ten times over', { timeout: 120_000 }, async () => {
  const acknowledged = new Map<string, { readonly value: string; readonly revision: bigint }>();
  // Keys whose last put was not answered, with the revision that was acknowledged before.
  const unanswered = new Map<string, bigint>();
  let newest = 0n;
  for (let round = 0; round < 10; round += 1) {
    const server = await startProcess();
    const { header } = await server.client.range({ key: key('0'), countOnly: true });
    expect(header?.revision).toBeGreaterThanOrEqual(newest);
    let count = 0;
    const write = async (writer: number): Promise<void> => {
      for (let number = 0; ; number += 1) {
        const name = `${writer}/${number % 20}`;
        const value = `${round}/${number}`;
        // Until it is answered, the key may have the old value or this one.
        const before = acknowledged.get(name);
        acknowledged.delete(name);
        const response = await server.client.put({ key: key(name), value: Buffer.from(value) }).catch(() => undefined);
        if (response === undefined) {
          if (before) unanswered.set(name, before.revision);
          return;
        }
        unanswered.delete(name);
        const revision = response.header?.revision ?? 0n;
        acknowledged.set(name, { value, revision });
        if (revision > newest) newest = revision;
        count += 1;
      }
    };
    const writers = Array.from({ length: 32 }, (_, writer) => write(writer));
    await expect.poll(() => count).toBeGreaterThan(200);
    await server.kill();
    await Promise.all(writers);
    await verify();
  }

  async function verify(): Promise<void> {
    await withServer(async (client) => {
      const { kvs, header } = await client.range({ key: key('0'), rangeEnd: Buffer.of(0) });
      expect(header?.revision).toBeGreaterThanOrEqual(newest);
      const found = new Map(kvs.map((kv) => [kv.key.toString(), kv]));
      for (const [name, { value, revision }] of acknowledged) {
        const kv = found.get(name);
        expect([name, kv?.value.toString(), kv?.modRevision]).toEqual([name, value, revision]);
      }
      for (const [name, revision] of unanswered) expect(found.get(name)?.modRevision).toBeGreaterThanOrEqual(revision);
    });
  }
});

test('a full disk refuses writes, still answers reads, and loses nothing', { timeout: 60_000 }, async () => {
  const server = await startProcess();
  const limit = (bytes: string): Promise<unknown> =>
    promisify(execFile)('prlimit', ['--pid', `${server.child.pid}`, `--fsize=${bytes}`]);
  await server.client.put({ key: key('before'), value: Buffer.alloc(100_000, 1) });
  await limit(`${(await stat(dataFile)).size}:unlimited`);

  const refused = { code: status.RESOURCE_EXHAUSTED, details: 'etcdserver: mvcc: database space exceeded' };
  await expect(server.client.put({ key: key('big'), value: Buffer.alloc(1_000_000, 2) })).rejects.toMatchObject(
    refused,
  );
  await expect(server.client.put({ key: key('big'), value: Buffer.alloc(1_000_000, 2) })).rejects.toMatchObject(
    refused,
  );
  const { header, kvs } = await server.client.range({ key: Buffer.of(0), rangeEnd: Buffer.of(0) });
  expect(kvs.map((kv) => [kv.key.toString(), kv.value.length])).toEqual([['before', 100_000]]);

  await limit('unlimited:unlimited');
  const put = await server.client.put({ key: key('big'), value: Buffer.alloc(1_000_000, 2) });
  expect(put.header?.revision).toBe((header?.revision ?? 0n) + 1n);
  await server.kill();
  await withServer(async (client) => {
    const { count } = await client.range({ key: Buffer.of(0), rangeEnd: Buffer.of(0), countOnly: true });
    expect(count).toBe(2n);
  });
});

test('a data file that lacks pages that were never written is sound', async () => {
  await withServer(async (client) => {
    await client.put({ key: key('a'), value: Buffer.alloc(100_000, 1) });
    const compacted = await client.put({ key: key('a'), value: Buffer.alloc(1_000_000, 2) });
    await client.put({ key: key('a') });
    await client.compact({ revision: (compacted.header?.revision ?? 0n) + 1n, physical: true });
    // Each writes pages anew, in the place of what was freed, until nothing at the end of the file is in use.
    for (let count = 0; count < 10; count += 1) await client.put({ key: key('b') });
  });
  const { size } = await stat(dataFile);
  await truncate(dataFile, size - 500_000);
  await withServer(async (client) => {
    expect((await client.range({ key: key('a') })).kvs[0]).toMatchObject({ version: 3n, value: Buffer.alloc(0) });
  });
  expect((await stat(dataFile)).size).toBeGreaterThanOrEqual(size);
});

describe('a damaged data file is refused by name and left as it is', () => {
  const start = (): Promise<unknown> =>
    startEmbeddedEtcd({ folder: join(folder, 'etcd'), socketPath: join(folder, 's'), log });
  const refusal = (): object => ({
    name: 'ControlPlaneError',
    code: 'failed',
    message: expect.stringMatching(new RegExp(`data file ${dataFile} is damaged .*left as it is; move it away`)),
  });
  const fill = (): Promise<void> =>
    withServer(async (client) => {
      await Promise.all(
        Array.from({ length: 400 }, (_, number) =>
          client.put({ key: key(`key ${number}`), value: Buffer.alloc(1_000, number) }),
        ),
      );
    });

  test('when it is something else', async () => {
    await mkdir(join(folder, 'etcd'));
    await writeFile(dataFile, 'not a data file');
    await expect(start()).rejects.toMatchObject(refusal());
    expect(await readFile(dataFile, 'utf8')).toBe('not a data file');
  });

  test.each([0.9, 0.5, 0.1])('when it was cut off at %d of its length', async (part) => {
    await fill();
    const { size } = await stat(dataFile);
    const rest = Math.floor(size * part);
    await truncate(dataFile, rest);
    await expect(start()).rejects.toMatchObject(refusal());
    expect((await stat(dataFile)).size).toBe(rest);
  });

  test.each(Array.from({ length: 10 }, (_, tenth) => tenth))(
    'when a page in tenth %d is overwritten',
    async (tenth) => {
      await fill();
      const bytes = await readFile(dataFile);
      const pages = bytes.length / 4_096;
      // Free pages may hold anything: those in use are found by overwriting one after another.
      for (let page = 2 + Math.floor(((pages - 2) * tenth) / 10); page < pages; page += 1) {
        await writeFile(dataFile, Buffer.from(bytes).fill(0xa5, page * 4_096, (page + 1) * 4_096));
        if (findDamage(dataFile) !== undefined) break;
      }
      await expect(start()).rejects.toMatchObject(refusal());
    },
  );

  test('when its header is overwritten', async () => {
    await fill();
    const bytes = await readFile(dataFile);
    bytes.fill(0xa5, 0, 4_096);
    await writeFile(dataFile, bytes);
    await expect(start()).rejects.toMatchObject(refusal());
    expect(bytes.equals(await readFile(dataFile))).toBe(true);
  });
});
