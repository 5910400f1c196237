import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Deployment } from '../harness/listings.ts';
import { startLoad } from '../harness/load.ts';
import type { Server } from '../harness/server.ts';
import { test } from '../harness/test.ts';
import { broken, release } from './release.ts';

const statusOf = async (server: Server): Promise<Deployment> =>
  (await server.list<Deployment>('status', 'hello'))[0] as Deployment;
const pidsOf = ({ instances }: Deployment): readonly number[] => instances.map(({ pid }) => pid);
const ask = async (server: Server): Promise<string> => (await fetch(server.url('/service/hello/'))).text();

test('a service is updated, scaled, rolled back and promoted under load without a failed request', async ({
  start,
  folder,
}) => {
  const server = await start();
  const source = await release(join(folder, 'hello'), 'v1');
  await server.succeed('run', source, '--instances', '2');
  const load = startLoad(server.url('/service/hello/'));
  await load.answers(100);

  await release(source, 'v2');
  expect(await server.succeed('update', 'hello')).toMatch(/^go\.micro\.service\.hello v2 is running: /);
  await load.answers(100);
  const two = await statusOf(server);
  await server.succeed('run', source, '--instances', '3');
  await load.answers(100);
  const three = await statusOf(server);
  expect(pidsOf(three)).toHaveLength(3);
  expect(pidsOf(three)).toEqual(expect.arrayContaining([...pidsOf(two)]));
  await server.succeed('run', source, '--instances', '1');
  await server.succeed('rollback', 'hello');
  await load.answers(100);
  expect(await statusOf(server)).toMatchObject({ version: 'v1', keptVersions: ['v2'], instancesWanted: 1 });
  await release(source, 'v3');
  await server.succeed('run', source, '--weight', '50');
  await load.answers(100);
  await server.succeed('promote', 'hello');
  await load.answers(100);
  expect(Object.keys(await load.stop())).toEqual(['200']);
  expect(await ask(server)).toBe('v3');
});

test('an update of what has not changed says so and touches nothing', async ({ server, folder }) => {
  const source = await release(join(folder, 'hello'), 'v1');
  await server.succeed('run', source, '--env', 'A=b', '--instances', '2');
  const before = await statusOf(server);
  const { stdout, stderr, exitCode } = await server.run('update', 'hello');
  expect([exitCode, stdout]).toEqual([0, `go.micro.service.hello v1 is up to date: ${before.url}`]);
  expect(stderr).not.toContain('start');
  expect(pidsOf(await statusOf(server))).toEqual(pidsOf(before));
  await server.succeed('kill', 'hello');
});

test('an update of what came from git fetches the newest commit of its branch', async ({ server, folder }) => {
  const repository = await release(join(folder, 'hello'), 'v1');
  await server.succeed('run', `file://${repository}`, '--instances', '2', '--env', 'A=b');
  expect(await server.succeed('update', 'hello')).toContain('v1 is up to date');
  await release(repository, 'v2');
  expect(await server.succeed('update', 'hello')).toContain('v2 is running');
  expect(await statusOf(server)).toMatchObject({ version: 'v2', source: `file://${repository}`, instancesWanted: 2 });
  expect(await ask(server)).toBe('v2');
  await server.succeed('kill', 'hello');
});

test('a version that does not come up leaves the old one, and the reason is shown', async ({ server, folder }) => {
  const source = await release(join(folder, 'hello'), 'v1');
  await server.succeed('run', source);
  const before = await statusOf(server);
  await release(source, 'v2', broken);
  for (const command of [
    ['update', 'hello'],
    ['run', source, '--weight', '10'],
  ]) {
    const { stderr, exitCode } = await server.run(...command);
    expect([command, exitCode]).toEqual([command, 1]);
    expect(stderr).toContain('exited with code 3');
    expect(stderr).toContain('no database to be found');
    expect(await ask(server)).toBe('v1');
  }
  expect(await statusOf(server)).toMatchObject({ version: 'v1', canary: null, keptVersions: [] });
  expect(pidsOf(await statusOf(server))).toEqual(pidsOf(before));
  await server.succeed('kill', 'hello');
});

test('a folder that is not here any more cannot be updated, and its service serves on', async ({ server, folder }) => {
  const source = await release(join(folder, 'hello'), 'v1');
  await server.succeed('run', source);
  await rename(source, `${source}-moved`);
  const { stderr, exitCode } = await server.run('update', 'hello');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`is ${source}, which is no folder of this machine`)]);
  expect(await ask(server)).toBe('v1');
  await server.succeed('kill', 'hello');
});

test('a rollback goes to the version before or one that is named, with no build, and forward again', async ({
  start,
  folder,
}) => {
  const server = await start();
  const source = join(folder, 'hello');
  const built = {
    'package.json': JSON.stringify({ scripts: { build: 'node -e ""', start: 'node server.js' } }),
  };
  for (const version of ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']) {
    await release(source, version, built);
    await server.succeed('run', source);
  }
  expect((await statusOf(server)).keptVersions).toEqual(['v5', 'v4', 'v3', 'v2']);
  for (const cache of ['bundles', 'builds']) {
    await expect.poll(async () => (await readdir(join(server.dataDir, cache))).length, { timeout: 20_000 }).toBe(5);
  }

  const rollback = async (...args: readonly string[]): Promise<string> => {
    const { stderr, exitCode } = await server.run('rollback', 'hello', ...args);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('build   built before')]);
    return ask(server);
  };
  expect(await rollback()).toBe('v5');
  expect(await rollback()).toBe('v6');
  expect(await rollback('v2')).toBe('v2');
  expect(await server.succeed('status', 'hello')).toContain('kept for micro rollback: v6, v5, v4, v3');

  const { stderr, exitCode } = await server.run('rollback', 'hello', 'v1');
  expect([exitCode, stderr]).toEqual([
    1,
    'micro: version v1 of go.micro.service.hello is not kept; these are: v6, v5, v4, v3',
  ]);
});
