import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RealEtcd, startRealEtcd } from '../../etcd/contract/real-etcd.ts';
import { deploymentsPrefix } from '../keys.ts';
import { helloService, makeFolder, type RuntimeFixture, startFixture, writeFiles } from '../runtime.fixture.ts';
import type { RuntimeOptions } from '../runtime.ts';
import { makeTestRepository } from '../source/git/git-sources.fixture.ts';
import type { DeploymentStatus, RunEvent } from '../types.ts';

const service = 'go.micro.service.hello';
const never = new AbortController().signal;

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

const restart = async (options: Partial<RuntimeOptions> = {}): Promise<void> => {
  await fixture.stop();
  fixture = await startFixture({ etcd: etcd.host, folder: data.path, ...options });
};
/** Writes the service so that it answers `text`, or with `files` of its own. */
const write = (text: string, files: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  writeFiles(join(sources.path, 'hello'), { ...helloService(text), ...files });
const broken = { 'server.js': 'console.error("no database"); process.exit(3);' };
const pids = ({ instances }: DeploymentStatus): readonly unknown[] => instances.map(({ state }) => state.process?.pid);
const only = async (): Promise<DeploymentStatus> => (await fixture.runtime.status())[0] as DeploymentStatus;
/** The weights in the registry, by version. */
async function weights(): Promise<Readonly<Record<string, readonly string[]>>> {
  const registered = await fixture.client.getAll().prefix('/micro/registry/').json();
  const found: Record<string, string[]> = {};
  for (const value of Object.values(registered)) {
    const { version, nodes } = value as { version: string; nodes: { metadata: Record<string, string> }[] };
    found[version] = [...(found[version] ?? []), ...nodes.map(({ metadata }) => metadata['weight'] ?? '1')];
  }
  return found;
}

describe('a trial', () => {
  test('takes its share beside the version that runs, in weights, and gives it back when it ends', async () => {
    const before = (await fixture.run({ path: await write('one'), instances: 4 })).status;
    const trial = (await fixture.run({ path: await write('two'), percent: 20 })).status;
    const { version = '' } = trial.canary ?? {};
    expect(trial).toMatchObject({ version: before.version, canary: { instancesWanted: 1, percent: 20 } });
    expect(await weights()).toEqual({ [before.version]: ['1', '1', '1', '1'], [version]: ['1'] });

    const more = (await fixture.run({ path: await write('two'), percent: 40 })).status;
    expect(more.canary).toMatchObject({ version, instancesWanted: 2 });
    expect(await weights()).toEqual({ [before.version]: ['3', '3', '3', '3'], [version]: ['4', '4'] });
    expect(pids(more)).toEqual(expect.arrayContaining([...pids(trial)]));

    const after = await fixture.runtime.rollback({ service: 'hello' }, () => undefined, never);
    expect(after).toMatchObject({ version: before.version, canary: undefined, keptVersions: [] });
    expect(pids(after)).toEqual(pids(before));
    expect(await weights()).toEqual({ [before.version]: ['1', '1', '1', '1'] });
  });

  test('that does not come up leaves the version that runs as it was', async () => {
    const before = (await fixture.run({ path: await write('one') })).status;
    await expect(fixture.run({ path: await write('two', broken), percent: 10 })).rejects.toThrow('no database');
    expect(await only()).toEqual(before);
    expect(await weights()).toEqual({ [before.version]: ['1'] });
  });

  test('is promoted with the instances that were tried', async () => {
    const before = (await fixture.run({ path: await write('one'), instances: 3 })).status;
    const trial = (await fixture.run({ path: await write('two'), percent: 99, environment: { A: 'b' } })).status;
    const { version = '' } = trial.canary ?? {};
    const after = await fixture.runtime.promote('hello', () => undefined, never);
    expect(after).toMatchObject({ version, canary: undefined, instancesWanted: 3, keptVersions: [before.version] });
    expect(pids(trial)).toEqual(expect.arrayContaining([...pids(after)]));
    expect(await weights()).toEqual({ [version]: ['1', '1', '1'] });
  });

  test('of which the bundle is gone holds up no start of the other version, and its trouble is told', async () => {
    const before = (await fixture.run({ path: await write('one') })).status;
    const { canary } = (await fixture.run({ path: await write('two'), percent: 10 })).status;
    await fixture.stop();
    const folder = (canary?.bundle ?? '').replace('sha256:', '');
    await rm(join(data.path, 'bundles', folder), { recursive: true });
    fixture = await startFixture({ etcd: etcd.host, folder: data.path });
    await expect.poll(async () => (await only()).instances[0]?.state.status).toBe('ready');
    expect(await only()).toMatchObject({
      version: before.version,
      trouble: expect.stringContaining(`the bundle ${folder.slice(0, 12)} of ${service} is not in the data folder`),
      instances: [{ version: before.version }],
    });
    const after = await fixture.runtime.rollback({ service: 'hello' }, () => undefined, never);
    expect(after).toMatchObject({ trouble: '', canary: undefined });
  });

  test('needs something beside which it runs, and says so', async () => {
    await expect(fixture.run({ path: await write('one'), percent: 10 })).rejects.toThrow('without --weight');
    await expect(fixture.run({ path: await write('one'), percent: 100 })).rejects.toThrow('1 to 99 percent');
  });
});

test('a run with another number of instances starts or stops the difference', async () => {
  const path = await write('one');
  const two = (await fixture.run({ path, instances: 2 })).status;
  const three = (await fixture.run({ path, instances: 3 })).status;
  expect(pids(three)).toHaveLength(3);
  expect(pids(three)).toEqual(expect.arrayContaining([...pids(two)]));
  const one = (await fixture.run({ path, instances: 1 })).status;
  expect(pids(one)).toEqual(pids(two).slice(0, 1));
});

test('an update fetches the newest commit of a git source, and does nothing where there is none', async () => {
  const repository = await makeTestRepository(join(sources.path, 'hello'));
  await repository.commit(helloService('one'));
  const update = async () => {
    const events: RunEvent[] = [];
    const status = await fixture.runtime.update({ service: 'hello' }, (event) => events.push(event), never);
    return { status, last: events.at(-1) };
  };
  const location = `file://${repository.folder}`;
  const request = { source: { type: 'location', location }, instances: 2, environment: { A: 'b' } } as const;
  const first = await fixture.runtime.run(request, () => undefined, never);
  expect(await update()).toEqual({
    status: first,
    last: { type: 'step', step: 'routed', detail: `version ${first.version} is already running` },
  });
  const commit = await repository.commit(helloService('two'));
  const { status } = await update();
  expect(commit.startsWith(status.version)).toBe(true);
  expect(status).toMatchObject({ instancesWanted: 2, keptVersions: [first.version] });
  expect(await fixture.get(status)).toBe('two');
});

test('an update is refused where it cannot be meant, with what to do', async () => {
  const update = (service: string) => fixture.runtime.update({ service }, () => undefined, never);
  await expect(update('hello')).rejects.toThrow('nothing called hello is deployed');
  await fixture.run({ path: await write('one') });
  await expect(update('hello')).rejects.toThrow(`the folder ${sources.path}/hello of the machine`);
  await fixture.run({ path: await write('two'), percent: 10 });
  await expect(update('hello')).rejects.toThrow(`on trial; end that with \`micro promote ${service}\``);
});

describe('what nobody needs any more', () => {
  const kept = async () => {
    const [bundles, builds, copies] = await Promise.all(
      ['bundles', 'builds', 'sources'].map(async (name) => (await readdir(join(data.path, name))).length),
    );
    return { bundles, builds, copies };
  };

  test('is removed after a rollout, but for the versions that are kept', async () => {
    await restart({ limits: { versions: 2 } });
    for (const text of ['one', 'two', 'three']) await fixture.run({ path: await write(text) });
    await expect(fixture.run({ path: await write('four', broken) })).rejects.toThrow('no database');
    await expect.poll(kept).toEqual({ bundles: 2, builds: 2, copies: 0 });
    const status = await fixture.runtime.rollback({ service: 'hello' }, () => undefined, never);
    expect(await fixture.get(status)).toBe('two');
    await fixture.runtime.kill('hello');
    await expect.poll(kept).toEqual({ bundles: 0, builds: 0, copies: 0 });
  });

  test('is removed at the start, and copies of repositories are', async () => {
    const repository = await makeTestRepository(join(sources.path, 'hello'));
    await repository.commit(helloService('one'));
    const location = `file://${repository.folder}`;
    await fixture.runtime.run({ source: { type: 'location', location } }, () => undefined, never);
    await restart();
    await expect.poll(async () => (await only()).instances[0]?.state.status).toBe('ready');
    await restart();
    expect(await kept()).toEqual({ bundles: 1, builds: 1, copies: 1 });
    await fixture.client.delete().key(`${deploymentsPrefix}${service}`);
    await restart();
    await expect.poll(kept).toEqual({ bundles: 0, builds: 0, copies: 0 });
  });

  test('stays while the store holds a deployment that cannot be read', async () => {
    await fixture.run({ path: await write('one') });
    await fixture.client.put(`${deploymentsPrefix}go.micro.service.broken`).value('{');
    await fixture.runtime.kill('hello');
    await restart();
    expect(await kept()).toEqual({ bundles: 1, builds: 1, copies: 0 });
  });
});
