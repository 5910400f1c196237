import { once } from 'node:events';
import { type ClientReadableStream, credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  InstanceState,
  LogStream,
  RuntimeClient,
  type RuntimeServer,
  RuntimeService,
  Step,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ControlPlaneError } from '../errors.ts';
import type { DeploymentStatus, Runtime } from '../runtime/types.ts';
import { runtimeService } from './runtime.ts';

const deployed: DeploymentStatus = {
  service: 'go.micro.service.hello',
  version: 'v1',
  source: '/src/hello',
  bundle: 'sha256:00',
  instancesWanted: 2,
  updatedUnixMs: 1_767_225_600_000,
  path: '/service/hello/',
  trouble: '',
  canary: undefined,
  keptVersions: ['v0'],
  instances: [
    {
      id: 'node-1/1',
      version: 'v1',
      restarts: 3,
      lastEnd: { reason: 'exited with code 2', unixMs: 5, lines: ['bye'] },
      state: {
        status: 'ready',
        protocol: 'http',
        process: { pid: 7, address: '127.0.0.1:8', startedUnixMs: 9, startTicks: 10 },
      },
    },
    {
      id: 'node-1/2',
      version: 'v1',
      restarts: 0,
      lastEnd: undefined,
      state: { status: 'backing-off', process: undefined, reason: 'exited with code 1' },
    },
  ],
};
const message = {
  service: 'go.micro.service.hello',
  version: 'v1',
  source: '/src/hello',
  bundle: 'sha256:00',
  instancesWanted: 2,
  updatedUnixMs: 1_767_225_600_000n,
  path: '/service/hello/',
  trouble: '',
  canary: undefined,
  keptVersions: ['v0'],
  instances: [
    {
      id: 'node-1/1',
      version: 'v1',
      restarts: 3,
      state: InstanceState.INSTANCE_STATE_READY,
      address: '127.0.0.1:8',
      pid: 7,
      startedUnixMs: 9n,
      reason: '',
      lastEnd: { reason: 'exited with code 2', timeUnixMs: 5n, lines: ['bye'] },
      cpuCores: undefined,
      memoryBytes: undefined,
    },
    {
      id: 'node-1/2',
      version: 'v1',
      restarts: 0,
      state: InstanceState.INSTANCE_STATE_BACKING_OFF,
      address: '',
      pid: 0,
      startedUnixMs: 0n,
      reason: 'exited with code 1',
      lastEnd: undefined,
      cpuCores: undefined,
      memoryBytes: undefined,
    },
  ],
};

/** A client of a runtime that does what the test says. */
async function serve(runtime: Partial<Runtime>): Promise<RuntimeClient> {
  const server = new Server();
  const log = pino({ level: 'silent' });
  const service: RuntimeServer = runtimeService({ runtime: runtime as Runtime, log });
  server.addService(RuntimeService, service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = new RuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
    server.forceShutdown();
  });
  return client;
}
async function collect<T>(stream: ClientReadableStream<T>): Promise<readonly T[]> {
  const messages: T[] = [];
  for await (const received of stream) messages.push(received as T);
  return messages;
}
const logsRequest = { service: 'hello', follow: false, sinceUnixMs: 0n, instance: '', build: false };
const request = { source: { $case: 'location', value: 'hello' } as const, name: '', instances: 0, environment: {} };

describe('Run', () => {
  test('sends the steps, the output and the deployment, in their order', async () => {
    const run = vi.fn<Runtime['run']>(async (_, onEvent) => {
      onEvent({ type: 'step', step: 'build', detail: 'npm ci' });
      onEvent({ type: 'output', line: 'added 1 package' });
      return deployed;
    });
    const client = await serve({ run });
    expect(await collect(client.run({ ...request, environment: { A: 'b' } }))).toEqual([
      { event: { $case: 'step', value: { step: Step.STEP_BUILD, detail: 'npm ci' } } },
      { event: { $case: 'output', value: 'added 1 package' } },
      { event: { $case: 'done', value: message } },
    ]);
    expect(run.mock.calls[0]?.[0]).toEqual({
      source: { type: 'location', location: 'hello' },
      name: undefined,
      instances: undefined,
      environment: { A: 'b' },
    });
  });

  test('ends with the error, in full', async () => {
    const lines = Array.from({ length: 20 }, () => `  ${'é'.repeat(400)}`).join('\n');
    const text = `the build failed: npm ci exited with code 1; it printed last:\n${lines}`;
    const client = await serve({ run: async () => Promise.reject(new ControlPlaneError('failed', text)) });
    await expect(collect(client.run(request))).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: text,
    });
  });

  test('needs a source', async () => {
    const client = await serve({});
    await expect(collect(client.run({ ...request, source: undefined }))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });

  test('is given up when the caller goes away', async () => {
    let seen: AbortSignal | undefined;
    const client = await serve({
      run: async (_, onEvent, signal) => {
        seen = signal;
        onEvent({ type: 'step', step: 'source', detail: '' });
        await once(signal, 'abort');
        throw signal.reason;
      },
    });
    const call = client.run(request);
    call.on('error', () => undefined);
    await once(call, 'data');
    call.cancel();
    await vi.waitFor(() => expect(seen?.aborted).toBe(true));
  });
});

describe('Update, Rollback and Promote', () => {
  const events = [{ event: { $case: 'done', value: message } }];

  test('bring about what they name', async () => {
    const [update, rollback, promote] = [
      vi.fn<Runtime['update']>(async () => deployed),
      vi.fn<Runtime['rollback']>(async () => deployed),
      vi.fn<Runtime['promote']>(async () => deployed),
    ];
    const client = await serve({ update, rollback, promote });
    expect(await collect(client.update({ service: 'hello', uploaded: undefined }))).toEqual(events);
    const uploaded = { bundle: 'sha256:00', folder: '/src', git: { $case: 'version', value: 'v1' } } as const;
    await collect(client.update({ service: 'hello', uploaded }));
    expect(update.mock.calls.map(([asked]) => asked)).toEqual([
      { service: 'hello', source: undefined },
      {
        service: 'hello',
        source: { type: 'uploaded', bundle: 'sha256:00', folder: '/src', gitVersion: { version: 'v1' } },
      },
    ]);
    expect(await collect(client.rollback({ service: 'hello', version: '' }))).toEqual(events);
    await collect(client.rollback({ service: 'hello', version: 'v1' }));
    expect(rollback.mock.calls.map(([asked]) => asked)).toEqual([
      { service: 'hello', version: undefined },
      { service: 'hello', version: 'v1' },
    ]);
    expect(await collect(client.promote({ service: 'hello' }))).toEqual(events);
    expect(promote.mock.calls[0]?.[0]).toBe('hello');
  });

  test('tell of a version on trial', async () => {
    const canary = { version: 'v2', source: '/src/hello', bundle: 'sha256:02', instancesWanted: 1, percent: 10 };
    const client = await serve({ run: async () => ({ ...deployed, canary }) });
    expect(await collect(client.run({ ...request, percent: 10 }))).toEqual([
      { event: { $case: 'done', value: { ...message, canary } } },
    ]);
  });

  test('end with the error', async () => {
    const refuse = async () => Promise.reject(new ControlPlaneError('conflict', 'a version is on trial'));
    const client = await serve({ update: refuse });
    await expect(collect(client.update({ service: 'hello', uploaded: undefined }))).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
      details: 'a version is on trial',
    });
  });
});

test('Kill and Status answer by name', async () => {
  const client = await serve({
    kill: async (name) => `go.micro.service.${name}`,
    status: async (name) => {
      if (name === undefined || name === 'hello') return [deployed];
      throw new ControlPlaneError('not-found', `nothing called ${name} is deployed`);
    },
    usage: async () => new Map([[7, { cpuCores: 0.25, memoryBytes: 1024 }]]),
  });
  const kill = await new Promise((resolve, reject) => {
    client.kill({ service: 'hello' }, (error, response) => (error === null ? resolve(response) : reject(error)));
  });
  expect(kill).toEqual({ service: 'go.micro.service.hello' });
  const ask = (service: string) =>
    new Promise((resolve, reject) => {
      client.status({ service }, (error, response) => (error === null ? resolve(response) : reject(error)));
    });
  const [first, second] = message.instances;
  const measured = { ...first, cpuCores: 0.25, memoryBytes: 1024n };
  expect(await ask('hello')).toEqual({ deployments: [{ ...message, instances: [measured, second] }] });
  const withoutLines = { ...measured, lastEnd: { ...first?.lastEnd, lines: [] } };
  expect(await ask('')).toEqual({ deployments: [{ ...message, instances: [withoutLines, second] }] });
  await expect(ask('none')).rejects.toMatchObject({
    code: status.NOT_FOUND,
    details: 'nothing called none is deployed',
  });
});

describe('Logs', () => {
  const line = { instance: 'node-1/1', timeMicros: 1_767_225_600_000_999, stream: 'stderr', text: 'oops' } as const;

  test('sends lines, 100 of the last when not told how many', async () => {
    const logs = vi.fn<Runtime['logs']>(async () =>
      (async function* () {
        yield line;
      })(),
    );
    const client = await serve({ logs });
    expect(await collect(client.logs(logsRequest))).toEqual([
      { instance: 'node-1/1', timeUnixMs: 1_767_225_600_000n, stream: LogStream.LOG_STREAM_STDERR, line: 'oops' },
    ]);
    expect(logs.mock.calls[0]?.[0]).toEqual({
      service: 'hello',
      follow: false,
      lines: 100,
      sinceUnixMs: 0,
      build: false,
    });
    await collect(client.logs({ ...logsRequest, lines: 0 }));
    expect(logs.mock.calls[1]?.[0]).toMatchObject({ lines: 0 });
    await collect(client.logs({ ...logsRequest, sinceUnixMs: 7n, instance: '2' }));
    expect(logs.mock.calls[2]?.[0]).toMatchObject({ lines: 100_000, sinceUnixMs: 7, instance: '2' });
  });

  test('sends no faster than the caller reads, and ends when it goes away', async () => {
    let sent = 0;
    let over = false;
    const client = await serve({
      logs: async (_, signal) =>
        (async function* () {
          try {
            while (!signal.aborted) {
              sent += 1;
              yield { ...line, text: 'x'.repeat(10_000) };
            }
          } finally {
            over = true;
          }
        })(),
    });
    const call = client.logs({ ...logsRequest, follow: true });
    call.on('error', () => undefined);
    await once(call, 'readable');
    // It stops by itself once the buffers on the way are full.
    let before = -1;
    await vi.waitFor(
      () => {
        const now = sent;
        const still = now === before;
        before = now;
        expect(still).toBe(true);
      },
      { timeout: 10_000, interval: 200 },
    );
    expect(sent).toBeLessThan(10_000);
    call.cancel();
    await vi.waitFor(() => expect(over).toBe(true));
  });
});
