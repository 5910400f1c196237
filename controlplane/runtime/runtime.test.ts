import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RealEtcd, startRealEtcd } from '../etcd/contract/real-etcd.ts';
import { ControlPlaneError } from '../errors.ts';
import type { Registration } from '../registry/types.ts';
import { deferred } from './instance/deferred.ts';
import type { Drained } from './instance/context.ts';
import { deploymentsPrefix } from './keys.ts';
import { defaultLimits } from './limits.ts';
import { groupRuns } from './process/table.ts';
import {
  helloService,
  makeFolder,
  quickLimits,
  type RuntimeFixture,
  startFixture,
  testEnvironment,
  writeFiles,
} from './runtime.fixture.ts';
import type { RuntimeOptions } from './runtime.ts';
import type { DeploymentStatus, RunEvent } from './types.ts';

const nodeFolder = dirname(process.execPath);

/** How long a condition may take on a busy machine. */
const patience = { timeout: 15_000, interval: 20 };

/** Calls in flight that end when the test says so. */
function holdDrain() {
  const called = deferred();
  const ended = deferred();
  const asked: { addresses: readonly string[]; timeoutMs: number }[] = [];
  const drained: Drained = async (_revision, addresses, timeoutMs) => {
    asked.push({ addresses, timeoutMs });
    called.resolve();
    await ended.promise;
    return true;
  };
  return { drained, asked, called: called.promise, release: () => ended.resolve() };
}

let etcd: RealEtcd;
let data: Awaited<ReturnType<typeof makeFolder>>;
let sources: Awaited<ReturnType<typeof makeFolder>>;
let fixture: RuntimeFixture;

beforeAll(async () => {
  etcd = await startRealEtcd();
});
afterAll(() => etcd.stop());
beforeEach(async () => {
  data = await makeFolder();
  sources = await makeFolder();
  fixture = await startFixture({ etcd: etcd.host, folder: data.path });
});
afterEach(async () => {
  await fixture.client.delete().all();
  await fixture.stop();
  await data.remove();
  await sources.remove();
});

const source = (name: string, files: Readonly<Record<string, unknown>>): Promise<string> =>
  writeFiles(join(sources.path, name), files);
/** Stops the runtime and starts it again on the same folder and store. */
const restart = async (options: Partial<RuntimeOptions> = {}): Promise<void> => {
  await fixture.stop();
  fixture = await startFixture({ etcd: etcd.host, folder: data.path, ...options });
};
const readLogs = async (service: string, lines = 100): Promise<readonly string[]> => {
  const texts: string[] = [];
  const log = await fixture.runtime.logs({ service, lines, follow: false }, new AbortController().signal);
  for await (const { text } of log) texts.push(text);
  return texts;
};
const steps = (events: readonly { type: string; step?: string }[]): readonly unknown[] =>
  events.flatMap((event) => (event.type === 'step' ? [event.step] : []));
const pidOf = (status: DeploymentStatus | undefined): number => status?.instances[0]?.state.process?.pid ?? 0;
const only = async (): Promise<DeploymentStatus | undefined> => (await fixture.runtime.status())[0];

describe('a run', () => {
  test('brings a folder to a registered service, and tells its steps', async () => {
    const path = await source('hello', helloService('one'));
    const { status, events } = await fixture.run({ path });
    expect(steps(events)).toEqual(['source', 'bundle', 'start', 'ready', 'routed']);
    expect(status).toMatchObject({
      service: 'go.micro.service.hello',
      source: path,
      path: '/service/hello/',
      instancesWanted: 1,
      trouble: '',
      instances: [{ id: 'node-1/1', restarts: 0, state: { status: 'ready', protocol: 'http' } }],
    });
    expect(await fixture.get(status)).toBe('one');
    expect(await fixture.registered()).toEqual({
      '/micro/registry/go.micro.service.hello/go.micro.service.hello-node-1-1':
        status.instances[0]?.state.process?.address,
    });
    expect(await fixture.runtime.status('hello')).toEqual([status]);
  });

  test('gives the service an environment of its own, and nothing of the server’s', async () => {
    process.env['SERVER_SECRET'] = 'not for services';
    const path = await source('hello', {
      ...helloService('one'),
      'server.js': `require('node:http').createServer((_, r) => r.end(JSON.stringify(process.env))).listen(process.env.PORT)`,
    });
    const { status } = await fixture.run({ path, environment: { GREETING: 'Hello' } });
    const { PATH, HOME, PORT, ...environment } = JSON.parse(await fixture.get(status));
    delete process.env['SERVER_SECRET'];
    expect({ PATH, HOME }).toEqual(testEnvironment);
    expect(environment).toEqual({
      NODE_ENV: 'production',
      GREETING: 'Hello',
      MICRO_SERVER_ADDRESS: `127.0.0.1:${PORT}`,
      MICRO_SERVICE_ADDRESS: `127.0.0.1:${PORT}`,
      MICRO_SERVER_ID: 'go.micro.service.hello-node-1-1',
      MICRO_SERVER_NAME: 'go.micro.service.hello',
      MICRO_SERVICE_NAME: 'go.micro.service.hello',
      MICRO_SERVER_VERSION: status.version,
      MICRO_SERVICE_VERSION: status.version,
      MICRO_STARTED_BY: expect.any(String),
    });
  });

  test('takes the version from git', async () => {
    const path = await source('hello', helloService('one'));
    const git = (...words: string[]) => promisify(execFile)('git', ['-C', path, ...words]);
    await git('init', '-q');
    await git('add', '.');
    await git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-qm', 'first');
    await git('tag', 'v1.2.3');
    expect((await fixture.run({ path })).status.version).toBe('v1.2.3');
    await writeFiles(path, helloService('two'));
    expect((await fixture.run({ path })).status.version).toBe('v1.2.3-dirty');
  });

  test('of what runs already says so, and touches nothing', async () => {
    const path = await source('hello', helloService('one'));
    const first = await fixture.run({ path });
    const second = await fixture.run({ path });
    expect(second.status).toEqual(first.status);
    expect(second.events.at(-1)).toMatchObject({ detail: expect.stringContaining('already running') });
    const third = await fixture.run({ path, environment: { CHANGED: 'yes' } });
    expect(pidOf(third.status)).not.toBe(pidOf(first.status));
  });

  test('puts a new version in the place of the old one, which answers until then', async () => {
    const path = await source('hello', helloService('one'));
    const old = await fixture.run({ path, instances: 2 });
    await writeFiles(path, helloService('two'));
    const { status, events } = await fixture.run({ path, instances: 2 });
    expect(steps(events)).toContain('ready');
    expect(status.instances.map(({ id }) => id)).toEqual(['node-1/3', 'node-1/4']);
    expect([await fixture.get(status, 0), await fixture.get(status, 1)]).toEqual(['two', 'two']);
    expect(Object.keys(await fixture.registered())).toHaveLength(2);
    expect(groupRuns(pidOf(old.status))).toBe(false);
  });

  test('lets the routes settle on the new version before the old one stops', async () => {
    const settled: bigint[] = [];
    await restart({
      settled: async (revision) => void settled.push(revision),
      drained: async (revision) => settled.push(revision) > 0,
    });
    const path = await source('hello', helloService('one'));
    await fixture.run({ path });
    await writeFiles(path, helloService('two'));
    await fixture.run({ path });
    expect(settled).toHaveLength(3);
    expect(settled).toEqual(settled.toSorted((a, b) => Number(a - b)));
  });

  test('tells an instance of before to stop only when its calls in flight are done', async () => {
    const drain = holdDrain();
    await restart({ drained: drain.drained });
    const path = await source('hello', helloService('one'));
    const old = await fixture.run({ path });
    await writeFiles(path, helloService('two'));
    const run = fixture.run({ path });
    await drain.called;
    expect(drain.asked).toEqual([
      { addresses: [old.status.instances[0]?.state.process?.address], timeoutMs: defaultLimits.drainMs },
    ]);
    expect((await only())?.instances.map(({ state }) => state.status)).toEqual(['stopping', 'ready']);
    expect(await fixture.get(old.status)).toBe('one');

    drain.release();
    const { status, events } = await run;
    expect(events.at(-1)).toEqual({
      type: 'step',
      step: 'stop',
      detail: '1 instance of before, once the calls in flight are done',
    });
    expect(await fixture.get(status)).toBe('two');
    expect(groupRuns(pidOf(old.status))).toBe(false);
  });

  test('keeps nobody who does not want to wait for calls in flight, and ends what is left all the same', async () => {
    const drain = holdDrain();
    await restart({ drained: drain.drained });
    const path = await source('hello', helloService('one'));
    const old = await fixture.run({ path });
    await writeFiles(path, helloService('two'));
    const gone = new AbortController();
    const run = fixture.run({ path }, gone.signal);
    await drain.called;
    gone.abort(new Error('gone'));
    const { status } = await run;
    expect((await fixture.run({ path })).events.at(-1)).toMatchObject({
      detail: expect.stringContaining('already running'),
    });

    const killed = fixture.runtime.kill('hello');
    drain.release();
    await killed;
    expect([pidOf(old.status), pidOf(status)].map(groupRuns)).toEqual([false, false]);
  });

  test('tells gRPC from HTTP by asking the service', async () => {
    const path = await source('hello', {
      ...helloService(''),
      'server.js': `require('node:http2').createServer((_, r) => r.end()).listen(process.env.PORT, '127.0.0.1')`,
    });
    const { status } = await fixture.run({ path });
    expect(status.instances[0]?.state).toMatchObject({ protocol: 'grpc' });
    const [value] = Object.values(await fixture.client.getAll().prefix('/micro/registry/').json());
    expect(value).toMatchObject({ nodes: [{ metadata: { protocol: 'grpc', node: 'node-1' } }] });
  });

  test('builds with npm, dev dependencies included, and shows what it prints', async () => {
    const path = await source('hello', {
      'package.json': {
        name: 'hello',
        scripts: { build: 'make-server', start: 'node dist/server.js' },
        devDependencies: { 'make-server': 'file:./tools/make-server' },
      },
      'tools/make-server/package.json': { name: 'make-server', version: '1.0.0', bin: 'make.js' },
      'tools/make-server/make.js': `#!/usr/bin/env node
        const fs = require('node:fs');
        fs.mkdirSync('dist');
        fs.writeFileSync('dist/server.js', fs.readFileSync('server.js'));
        console.log('made the server');`,
      'server.js': helloService('built')['server.js'],
      '.gitignore': 'dist\n',
    });
    const { status, events } = await fixture.run({ path });
    expect(await fixture.get(status)).toBe('built');
    expect(events).toContainEqual({ type: 'output', line: 'made the server' });
    expect(events).toContainEqual(
      expect.objectContaining({ step: 'build', detail: expect.stringMatching(/^npm run build/) }),
    );
    const again = await fixture.run({ path, environment: { AGAIN: '1' } });
    expect(again.events).toContainEqual({ type: 'step', step: 'build', detail: 'built before' });
  });
});

describe('a run that fails leaves what ran before running, and', () => {
  let before: DeploymentStatus;
  let path: string;
  beforeEach(async () => {
    path = await source('hello', helloService('old'));
    before = (await fixture.run({ path })).status;
  });
  const expectUntouched = async (): Promise<void> => {
    expect(await fixture.runtime.status()).toEqual([before]);
    expect(await fixture.get(before)).toBe('old');
    expect(Object.keys(await fixture.registered())).toHaveLength(1);
  };

  test('shows the last lines of a build that broke', async () => {
    await writeFiles(path, {
      'package.json': { name: 'hello', scripts: { build: 'echo about to break && exit 3', start: 'node server.js' } },
    });
    await expect(fixture.run({ path })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/npm run build.* exited with code 3; it printed last:\n[^]*about to break/),
    });
    await expectUntouched();
  });

  test('shows the exit code and the last lines of a service that ended at once', async () => {
    await writeFiles(path, { 'server.js': `console.error('no database'); process.exit(7)` });
    await expect(fixture.run({ path })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/exited with code 7; it printed last:\n {2}no database/),
    });
    await expectUntouched();
  });

  test('refuses another source of the same name, and names both', async () => {
    const other = await source('other', helloService('other'));
    await expect(fixture.run({ path: other })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`${path}, which runs, and ${other}`),
    });
    await expectUntouched();
  });

  test('ends the new processes when the caller goes away', async () => {
    await writeFiles(path, { 'server.js': `console.log('pid ' + process.pid); setInterval(() => {}, 1000)` });
    const gone = new AbortController();
    const run = fixture.run({ path }, gone.signal);
    const failed = run.catch((error: unknown) => error);
    const pid = await vi.waitFor(async () => {
      const [line] = await readLogs('hello', 1);
      expect(line).toMatch(/^pid/);
      return Number(line?.slice('pid '.length));
    }, patience);
    gone.abort(new Error('gone'));
    expect(await failed).toBe(gone.signal.reason);
    expect(groupRuns(pid)).toBe(false);
    await expectUntouched();
  });
});

test('a service that never listens fails its run, which says where it should have', async () => {
  await restart({ limits: { ...quickLimits, readyTimeoutMs: 200 } });
  const path = await source('silent', { ...helloService(''), 'server.js': 'setInterval(() => {}, 1000)' });
  await expect(fixture.run({ path })).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringMatching(/after 0\.2 s nothing listens on 127\.0\.0\.1:\d+; .* the variable PORT names/),
  });
  expect(await fixture.runtime.status()).toEqual([]);
  expect(await fixture.registered()).toEqual({});
});

test('a run whose instances the registry does not take is undone', async () => {
  const refusal = new ControlPlaneError('unavailable', 'the store is away');
  await restart({ registrar: { register: async () => Promise.reject(refusal) } });
  const path = await source('hello', {
    ...helloService(''),
    'server.js': `require('node:http').createServer().listen(process.env.PORT, () => console.log(process.pid))`,
  });
  await expect(fixture.run({ path })).rejects.toBe(refusal);
  expect(await fixture.client.getAll().prefix('/micro/').keys()).toEqual([]);
  expect(groupRuns(Number((await readLogs('hello'))[0]))).toBe(false);
});

describe('an instance that ends by itself', () => {
  const crashing = {
    ...helloService(''),
    'server.js': `
      const server = require('node:http').createServer((request, response) => {
        if (request.url === '/crash') process.exit(9);
        response.end(String(process.pid));
      });
      server.listen(process.env.PORT, '127.0.0.1');
    `,
  };
  const crash = async (status: DeploymentStatus): Promise<void> => {
    await fetch(`http://${status.instances[0]?.state.process?.address}/crash`).catch(() => undefined);
  };

  test('leaves the registry, is started again and comes back', async () => {
    const { status } = await fixture.run({ path: await source('hello', crashing) });
    const registered = await fixture.registered();
    await crash(status);
    const after = await vi.waitFor(async () => {
      const now = await only();
      expect(now?.instances[0]).toMatchObject({ restarts: 1, state: { status: 'ready' } });
      expect(await fixture.registered()).toEqual({
        [Object.keys(registered)[0] ?? '']: now?.instances[0]?.state.process?.address,
      });
      return now;
    }, patience);
    expect(pidOf(after)).not.toBe(pidOf(status));
  });

  test('is shown as backing off, with the reason, while it waits, and is not in the registry', async () => {
    await restart({ limits: { ...quickLimits, backOffFirstMs: 600_000, backOffLongestMs: 600_000 } });
    const { status } = await fixture.run({ path: await source('hello', crashing) });
    await crash(status);
    await vi.waitFor(async () => {
      expect((await only())?.instances).toMatchObject([
        { state: { status: 'backing-off', reason: 'exited with code 9' }, restarts: 0 },
      ]);
    }, patience);
    expect(await fixture.registered()).toEqual({});
    await vi.waitFor(async () => {
      const records = await fixture.client.getAll().prefix('/micro/runtime/instances/node-1/').json();
      expect(Object.values(records)).toMatchObject([{ state: 'backing-off', reason: 'exited with code 9' }]);
    }, patience);
    // A wait does not hold up the one who wants it gone.
    await fixture.runtime.kill('hello');
    expect(await fixture.runtime.status()).toEqual([]);
  });

  test('is shown as crash-looping once it has ended three times in a row, with what it printed last', async () => {
    await restart({ limits: { ...quickLimits, crashLoopEnds: 3 } });
    const path = await source('hello', {
      ...helloService(''),
      // It serves the first time, so that it is deployed, and never again.
      'server.js': `
        const fs = require('node:fs');
        const again = fs.existsSync('started');
        fs.writeFileSync('started', '');
        console.log(again ? 'no database' : 'ready');
        if (again) process.exit(3);
        require('node:http').createServer(() => process.exit(2)).listen(process.env.PORT, '127.0.0.1');
      `,
    });
    const { status } = await fixture.run({ path });
    await crash(status);
    const instance = await vi.waitFor(async () => {
      const [found] = (await only())?.instances ?? [];
      expect(found?.state).toMatchObject({ status: 'crash-looping', reason: 'exited with code 3' });
      return found;
    }, patience);
    expect(instance?.lastEnd).toMatchObject({ reason: 'exited with code 3', lines: ['no database'] });
    expect(instance?.restarts).toBeGreaterThanOrEqual(2);
    await fixture.runtime.kill('hello');
  });

  test('is registered again as soon as the store takes it', async () => {
    const failures = [1, 2, 3];
    let registrations = 0;
    const registration: Registration = { update: async () => undefined, deregister: async () => 1n };
    await restart({
      registrar: {
        async register() {
          if (registrations > 0 && failures.pop() !== undefined) throw new ControlPlaneError('unavailable', 'away');
          registrations += 1;
          return registration;
        },
      },
    });
    const { status } = await fixture.run({ path: await source('hello', crashing) });
    await crash(status);
    await vi.waitFor(() => expect([registrations, failures]).toEqual([2, []]), patience);
  });

  test('is ended with everything it started', async () => {
    const path = await source('hello', {
      ...helloService(''),
      'server.js': `
        const child = require('node:child_process').spawn('sleep', ['1000']);
        const server = require('node:http').createServer((request, response) => {
          if (request.url === '/crash') process.exit(9);
          response.end(String(child.pid));
        });
        server.listen(process.env.PORT, '127.0.0.1');
      `,
    });
    const { status } = await fixture.run({ path });
    const grandchild = Number(await fixture.get(status));
    expect(groupRuns(pidOf(status))).toBe(true);
    await crash(status);
    await vi.waitFor(() => expect(() => process.kill(grandchild, 0)).toThrow('ESRCH'), patience);
  });
});

describe('a kill', () => {
  test('removes the deployment, the registration and every process', async () => {
    const { status } = await fixture.run({ path: await source('hello', helloService('one')), instances: 2 });
    expect(await fixture.runtime.kill('go.micro.service.hello')).toBe('go.micro.service.hello');
    expect(await fixture.client.getAll().prefix('/micro/').keys()).toEqual([]);
    expect(groupRuns(pidOf(status))).toBe(false);
    await expect(fixture.runtime.kill('hello')).rejects.toMatchObject({ code: 'not-found' });
    await expect(fixture.runtime.status('hello')).rejects.toMatchObject({ code: 'not-found' });
    // What it printed can still be read.
    expect(await readLogs('hello')).toEqual(['listening', 'listening']);
  });

  test('lets calls in flight finish', async () => {
    const drain = holdDrain();
    await restart({ drained: drain.drained });
    const { status } = await fixture.run({ path: await source('hello', helloService('one')) });
    const killed = fixture.runtime.kill('hello');
    await drain.called;
    expect(await fixture.get(status)).toBe('one');
    expect(await fixture.registered()).toEqual({});
    drain.release();
    await killed;
    expect(groupRuns(pidOf(status))).toBe(false);
  });

  test('ends what left the process group of its instance, and nothing of another service', async () => {
    const hiding = {
      'server.js': `
        const child = require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
        require('node:http').createServer((_, response) => response.end(String(child.pid))).listen(process.env.PORT, '127.0.0.1');
      `,
    };
    const one = await fixture.run({ path: await source('one', { ...helloService('', 'one'), ...hiding }) });
    const two = await fixture.run({ path: await source('two', { ...helloService('', 'two'), ...hiding }) });
    const [hidden, other] = [await fixture.get(one.status), await fixture.get(two.status)].map(Number);
    await fixture.runtime.kill('one');
    expect([hidden, other].map((pid) => groupRuns(pid ?? 0))).toEqual([false, true]);
  });

  test('gives up a run that is under way', async () => {
    const path = await source('hello', { ...helloService(''), 'server.js': 'setInterval(() => {}, 1000)' });
    const failed = fixture.run({ path }).catch((error: unknown) => error);
    await vi.waitFor(() => fixture.runtime.kill('hello'), patience);
    expect(await failed).toMatchObject({ code: 'failed', message: 'go.micro.service.hello was killed' });
    expect(await fixture.runtime.status()).toEqual([]);
  });

  test('asks for the full name when a short one fits several', async () => {
    const path = await source('hello', helloService('one'));
    await fixture.run({ path });
    await fixture.run({ path, name: 'go.micro.api.hello' });
    await expect(fixture.runtime.kill('hello')).rejects.toThrow(
      'hello may be go.micro.api.hello or go.micro.service.hello; give the full name',
    );
  });
});

test('a second run of a service that is being run is refused', async () => {
  const path = await source('hello', { ...helloService(''), 'server.js': 'setInterval(() => {}, 1000)' });
  const gone = new AbortController();
  let first: Promise<unknown> = Promise.resolve();
  await new Promise<void>((resolve) => {
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step' && event.step === 'start') resolve();
    };
    first = fixture.run({ path }, gone.signal, onEvent).catch((error: unknown) => error);
  });
  await expect(fixture.run({ path })).rejects.toMatchObject({ code: 'conflict' });
  gone.abort();
  await first;
});

test('a runtime that stops leaves nothing but what should run', async () => {
  const { status } = await fixture.run({ path: await source('hello', helloService('one')), instances: 3 });
  await fixture.runtime.stop();
  expect(await fixture.client.getAll().prefix('/micro/').keys()).toEqual([
    `${deploymentsPrefix}go.micro.service.hello`,
  ]);
  expect(groupRuns(pidOf(status))).toBe(false);
  const path = join(sources.path, 'hello');
  await expect(fixture.run({ path })).rejects.toThrow('the server is stopping');
});

describe('a runtime that starts', () => {
  test('runs again what should run, with no build', async () => {
    const path = await source('hello', {
      ...helloService('one'),
      'package.json': { name: 'hello', scripts: { build: 'node -e "process.exit(0)"', start: 'node server.js' } },
    });
    const before = await fixture.run({ path, environment: { GREETING: 'Hello' } });
    await fixture.run({ path: await source('other', helloService('two', 'other')) });
    await restart({ environment: { ...testEnvironment, PATH: nodeFolder } });
    const after = await vi.waitFor(async () => {
      const all = await fixture.runtime.status();
      expect(all).toMatchObject([
        { service: 'go.micro.service.hello', instances: [{ state: { status: 'ready' } }] },
        { service: 'go.micro.service.other', instances: [{ state: { status: 'ready' } }] },
      ]);
      return all;
    }, patience);
    expect(after[0]).toMatchObject({ bundle: before.status.bundle, version: before.status.version });
  });

  test('says of a deployment whose bundle is gone what is missing', async () => {
    const path = await source('hello', helloService('one'));
    await fixture.run({ path });
    await fixture.stop();
    await rm(join(data.path, 'builds'), { recursive: true });
    await rm(join(data.path, 'bundles'), { recursive: true });
    fixture = await startFixture({ etcd: etcd.host, folder: data.path });
    await vi.waitFor(async () => {
      expect((await only())?.trouble).toMatch(
        new RegExp(`bundle .* is not in the data folder; .* \`micro run ${path}\``),
      );
    }, patience);
    await fixture.run({ path });
    expect(await only()).toMatchObject({ trouble: '', instances: [{ state: { status: 'ready' } }] });
  });

  test('passes over a malformed deployment, which a kill removes', async () => {
    await fixture.client.put(`${deploymentsPrefix}go.micro.service.broken`).value('{');
    await restart();
    expect(await fixture.runtime.status()).toEqual([]);
    const path = await source('broken', helloService('one', 'broken'));
    await expect(fixture.run({ path })).rejects.toThrow(
      /malformed deployment of go\.micro\.service\.broken.*micro kill/,
    );
    await fixture.runtime.kill('broken');
    expect(await fixture.run({ path })).toMatchObject({ status: { instances: [{ state: { status: 'ready' } }] } });
  });
});
