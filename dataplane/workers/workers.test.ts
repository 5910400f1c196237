import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { listenForTest, rawConnection } from '../data-plane.fixture.ts';
import { sendHttp1 } from '../http/http.fixture.ts';
import type { FixtureSettings } from './worker.fixture.ts';
import { startWorkers, type WorkersOptions } from './workers.ts';

let built: string;

beforeAll(async () => {
  // Inside the repository, where its packages are found.
  await mkdir('dist', { recursive: true });
  built = await mkdtemp(join('dist', 'fixture-'));
  await build({
    entryPoints: [fileURLToPath(new URL('./worker.fixture.ts', import.meta.url))],
    outfile: join(built, 'worker.mjs'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
  });
});
afterAll(() => rm(built, { recursive: true }));

const anyPort = { host: '127.0.0.1', port: 0 };

interface LogLine {
  readonly worker?: number;
  readonly reason?: string;
  readonly msg: string;
}

/** Workers that are stopped when the test ends, with what they printed and what was logged. */
async function startTestWorkers(
  settings: FixtureSettings = {},
  options: Partial<WorkersOptions<FixtureSettings>> = {},
) {
  const printed: string[] = [];
  const logged: LogLine[] = [];
  const workers = await startWorkers<FixtureSettings>({
    count: 2,
    http: anyPort,
    grpc: anyPort,
    admin: anyPort,
    program: {
      path: join(built, 'worker.mjs'),
      args: [],
      environment: {},
      onOutput: (lines) => void printed.push(lines),
    },
    settings,
    log: pino({}, { write: (line) => void logged.push(JSON.parse(line) as LogLine) }),
    ...options,
  });
  onTestFinished(() => workers.stop());
  return { ...workers, printed, logged };
}

/** A connection, and the process that has it. */
async function connection(workers: { readonly http: typeof anyPort }): Promise<{ pid: number; socket: Socket }> {
  const socket = rawConnection(workers.http);
  // That a process is killed is a reset for those that it served.
  socket.on('error', () => undefined);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return { pid: Number(answer.toString()), socket };
}

/** Connects until each of so many processes has a connection. */
async function connectionToEach(workers: { readonly http: typeof anyPort }, count: number) {
  const found = new Map<number, Socket>();
  await vi.waitFor(
    async () => {
      const { pid, socket } = await connection(workers);
      if (found.has(pid)) socket.destroy();
      else found.set(pid, socket);
      expect(found.size).toBe(count);
    },
    { timeout: 15_000, interval: 0 },
  );
  return found;
}

async function page({ admin }: { readonly admin: typeof anyPort }, path: string) {
  const { status, body } = await sendHttp1(admin, path);
  return { status, body };
}

test('all workers accept from one socket, and what they print comes in lines', async () => {
  const workers = await startTestWorkers();
  await connectionToEach(workers, 2);
  await vi.waitFor(() =>
    expect(new Set(workers.printed.join('').trim().split('\n'))).toEqual(
      new Set(['connection in 1', 'connection in 2']),
    ),
  );
});

test('a worker that was killed is started again, while the others feel nothing', async () => {
  const workers = await startTestWorkers();
  const [[killed, lost], [, kept]] = [...(await connectionToEach(workers, 2))] as [[number, Socket], [number, Socket]];
  process.kill(killed, 'SIGKILL');
  await once(lost, 'close');
  await vi.waitFor(() =>
    expect(workers.logged).toMatchObject([
      { workerPid: killed, reason: 'SIGKILL', msg: 'a worker ended; it is started again at once' },
    ]),
  );
  expect((await page(workers, '/readyz')).status).toBe(200);
  const now = await connectionToEach(workers, 2);
  expect([...now.keys()]).not.toContain(killed);
  expect(kept.readyState).toBe('open');
});

test('while there is no worker, connections wait for the next and are not refused', async () => {
  const workers = await startTestWorkers({}, { count: 1 });
  const { pid, socket } = await connection(workers);
  process.kill(pid, 'SIGKILL');
  await once(socket, 'close');
  expect((await connection(workers)).pid).not.toBe(pid);
});

test('a worker that cannot start fails the start with its own words', async () => {
  const starting = startTestWorkers({ fault: 'refuses' });
  await expect(starting).rejects.toMatchObject({
    code: 'worker-failed',
    message: expect.stringMatching(/^worker [12] does not like its settings$/) as string,
  });
});

test('a worker that ends before it serves fails the start, and leaves nothing listening', async () => {
  const address = parseTcpAddress(await freeAddress());
  const starting = startTestWorkers({ fault: 'dies at its start' }, { http: address });
  await expect(starting).rejects.toThrow(
    'a worker of the data plane ended before it served (exit code 3); see the log',
  );
  const { http } = await startTestWorkers({}, { http: address });
  expect(http).toEqual(address);
});

test.each(['http', 'grpc', 'admin'] as const)('an address of %s that is taken is told at once', async (entrypoint) => {
  const taken = await listenForTest(createServer());
  await expect(startTestWorkers({}, { [entrypoint]: parseTcpAddress(taken) })).rejects.toMatchObject({
    code: 'address-in-use',
    entrypoint,
  });
});

test('they are ready as one, and their metrics are one, also while one of them is frozen', async () => {
  const workers = await startTestWorkers({}, { reportMs: { status: 500, metrics: 500 } });
  const [frozen = 0] = [...(await connectionToEach(workers, 2)).keys()];
  const ready = await page(workers, '/readyz');
  expect(ready.status).toBe(200);
  expect(JSON.parse(ready.body)).toEqual({
    status: 'ready',
    revision: '1',
    source: 'stream',
    connection: { status: 'connected' },
    workers: { wanted: 2, ready: 2 },
  });
  const connections = async () =>
    Number(/^connections_total (\d+)$/m.exec((await page(workers, '/metrics')).body)?.[1]);
  const before = await connections();
  expect(before).toBeGreaterThanOrEqual(2);

  process.kill(frozen, 'SIGSTOP');
  expect(JSON.parse((await page(workers, '/readyz')).body)).toMatchObject({ workers: { wanted: 2, ready: 1 } });
  expect(await connections()).toBe(before);
  expect((await page(workers, '/metrics')).body).toMatch(/^micro_worker_silences_total 2$/m);

  process.kill(frozen, 'SIGKILL');
  await vi.waitFor(async () => {
    expect(JSON.parse((await page(workers, '/readyz')).body)).toMatchObject({ workers: { wanted: 2, ready: 2 } });
  });
  expect(await connections()).toBe(before);
});

test('stop lets workers end what is in flight, and nobody is left in the queue of their socket', async () => {
  const workers = await startTestWorkers();
  const each = await connectionToEach(workers, 2);
  const said = Promise.all([...each.values()].map(async (socket) => String((await once(socket, 'data'))[0])));
  await workers.stop();
  expect(await said).toEqual(['bye\n', 'bye\n']);
  expect([...each.keys()].filter(isAlive)).toEqual([]);
  expect(workers.logged).toEqual([]);
  const [error] = (await once(rawConnection(workers.http), 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
});

test('a worker that does not end is killed', async () => {
  const workers = await startTestWorkers({ fault: 'does not end' }, { timeouts: { drainMs: 0 }, lastWorkMs: 50 });
  const pids = [...(await connectionToEach(workers, 2)).keys()];
  await workers.stop();
  expect(pids.filter(isAlive)).toEqual([]);
});

async function freeAddress(): Promise<string> {
  const server = createServer();
  const address = await listenForTest(server);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return address;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
