import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { Etcd3 } from 'etcd3';
import { expect } from 'vitest';
import { runMicro } from '../harness/command.ts';
import { makeNodes, type Nodes } from '../harness/cluster.ts';
import { startInstance } from '../harness/instance.ts';
import type { Deployment, Node } from '../harness/listings.ts';
import { startLoad } from '../harness/load.ts';
import { processesIn } from '../harness/processes.ts';
import { register } from '../harness/register.ts';
import { samples } from '../harness/samples.ts';
import type { Server } from '../harness/server.ts';
import { test as base } from '../harness/test.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

/** Three nodes, on which the tests build, in their order: each leaves all of them running. */
// oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern which fixtures are needed
const test = base.extend('cluster', { scope: 'file' }, async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  const folder = stack.use(await makeTemporaryFolder());
  const nodes = stack.use(await makeNodes(folder.path, 3));
  return { nodes, servers: [] as Server[] };
});

const slow = { timeout: 30_000 };

const listed = async (server: Server) => server.list<Node>('nodes', 'ls');
const up = async (server: Server) => (await listed(server)).filter((node) => node.up).length;
const fetchText = async (server: Server, path: string) => (await fetch(server.url(path))).text();

/** Starts a node, and resolves with the start under way when it has printed such a line. */
async function startUntil(
  nodes: Nodes,
  number: number,
  line: RegExp,
  flags: Readonly<Record<string, string>> = {},
): Promise<{ readonly ready: Promise<Server> }> {
  return new Promise((resolve, reject) => {
    const ready = nodes.start(number, { flags, onLine: (text) => line.test(text) && resolve({ ready }) });
    ready.catch(reject);
  });
}

test('nodes that are started one after the other, in any order, form one cluster', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  const third = await startUntil(nodes, 3, /waiting for a cluster.*cannot be reached/);
  const first = await startUntil(nodes, 1, /waiting for a cluster.*cannot be reached/);
  servers.push(...(await Promise.all([first.ready, nodes.start(2), third.ready])));

  for (const server of servers) {
    const list = await listed(server);
    expect(list.map(({ address }) => address).toSorted()).toEqual([1, 2, 3].map((n) => `${nodes.address(n)}:8083`));
    expect(list.map(({ up }) => up)).toEqual([true, true, true]);
    expect(list.map(({ role }) => role).toSorted()).toEqual(['leader', 'member', 'member']);
  }
});

test('one control token works on every node, and the cluster token is told', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  expect(new Set(servers.map(({ token }) => token)).size).toBe(1);
  const token = (await readFile(nodes.tokenFile, 'utf8')).trim();
  const { stdout } = await runMicro(['cluster', 'token', '--data-dir', nodes.dataDir(2)]);
  expect(stdout).toBe(token);
  for (const server of servers) for (const secret of [token, server.token]) expect(server.log()).not.toContain(secret);
});

test('what is registered on one node is routed by all', async ({ cluster: { servers } }) => {
  await using instance = await startInstance('from anywhere');
  await register(servers[0] as Server, servers[0]?.token ?? '', 'go.micro.service.shared', instance.address);
  for (const server of servers)
    await expect.poll(() => fetchText(server, '/service/shared/'), slow).toBe('from anywhere');
});

test('what registers itself at the door of one node is routed by all', async ({ cluster: { servers } }) => {
  await using instance = await startInstance('by the door');
  const door = new Etcd3({ hosts: servers[1]?.addresses.registry ?? '' });
  const node = { id: 'self-1', address: instance.address, metadata: {} };
  const value = { name: 'go.micro.service.self', version: '1', metadata: {}, endpoints: [], nodes: [node] };
  await door.put('/micro/registry/go.micro.service.self/self-1').value(JSON.stringify(value));
  await expect(door.get('/micro/cluster/token').string()).rejects.toThrow(/PERMISSION_DENIED/);
  door.close();
  for (const server of servers) await expect.poll(() => fetchText(server, '/service/self/'), slow).toBe('by the door');
});

test('a service is run by the node that was asked, and by no other', async ({ cluster: { servers } }) => {
  const [one, two] = servers as [Server, Server];
  await one.succeed('run', samples.clock);
  for (const server of servers)
    await expect.poll(async () => (await fetch(server.url('/api/clock/time'))).status, slow).toBe(200);
  const [name] = (await listed(one)).filter(({ instances }) => instances > 0).map(({ name }) => name);

  for (const command of [
    ['run', samples.clock],
    ['kill', 'clock'],
  ]) {
    const { stderr, exitCode } = await two.run(...command);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`go.micro.api.clock is run by node ${name}`);
  }
  const [deployment] = await two.list<Deployment>('status', 'clock');
  expect(deployment).toMatchObject({
    instances: [],
    trouble: expect.stringContaining(`it is run by node ${name}: ask there`),
  });
});

test('a node that is killed is missed by nobody, and returns with its data', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  const [one, two, three] = servers as [Server, Server, Server];
  const before = await listed(one);
  const load = startLoad(one.url('/api/clock/time'));
  await load.answers(50);
  await three.fail();
  await expect.poll(() => up(two), slow).toBe(2);
  await using instance = await startInstance('meanwhile');
  await register(two, two.token, 'go.micro.service.meanwhile', instance.address);
  await expect.poll(() => fetchText(one, '/service/meanwhile/'), slow).toBe('meanwhile');
  await load.answers(50);
  expect(Object.keys(await load.stop())).toEqual(['200']);

  const returned = await nodes.start(3);
  servers.splice(2, 1, returned);
  expect((await listed(returned)).map(({ name }) => name)).toEqual(before.map(({ name }) => name));
  await expect.poll(() => fetchText(returned, '/service/meanwhile/'), slow).toBe('meanwhile');
});

test('a server that is killed alone, and its etcd not, returns to its place', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  await servers[1]?.crash();
  servers.splice(1, 1, await nodes.start(2));
  expect(await up(servers[1] as Server)).toBe(3);
  expect(await processesIn(nodes.dataDir(2))).toHaveLength(1);
});

test('nodes that are restarted one after the other lose no call on those that stay', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  const load = startLoad(servers[0]?.url('/api/clock/time') ?? '');
  await load.answers(50);
  for (const number of [2, 3]) {
    expect(await servers[number - 1]?.stop()).toBe(0);
    servers.splice(number - 1, 1, await nodes.start(number));
  }
  await load.answers(50);
  expect(Object.keys(await load.stop())).toEqual(['200']);
});

test('a cluster that is stopped whole is the same when it is started again', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  const before = await listed(servers[0] as Server);
  expect(await Promise.all(servers.map((server) => server.stop()))).toEqual([0, 0, 0]);
  servers.splice(0, 3, ...(await Promise.all([1, 2, 3].map((number) => nodes.start(number)))));
  expect((await listed(servers[0] as Server)).map(({ name }) => name)).toEqual(before.map(({ name }) => name));
  for (const server of servers)
    await expect.poll(async () => (await fetch(server.url('/api/clock/time'))).status, slow).toBe(200);
  const owners = (await listed(servers[1] as Server)).filter(({ instances }) => instances > 0);
  expect(owners.map(({ instances }) => instances)).toEqual([1]);
});

test('without a majority the missing are named within 5 s, calls go on, and it heals by itself', async ({
  cluster,
}) => {
  const { nodes, servers } = cluster;
  const [one, two, three] = servers as [Server, Server, Server];
  await Promise.all([two.fail(), three.fail()]);

  for (const command of [['status'], ['kill', 'clock'], ['nodes', 'remove', nodes.address(2)]]) {
    const { stderr, exitCode } = await one.run(...command);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('the cluster has lost its quorum: of 3 nodes 2 do not answer');
    for (const number of [2, 3]) expect(stderr).toContain(`${nodes.address(number)}:8083`);
  }
  expect(await up(one)).toBe(1);
  expect((await fetch(one.url('/api/clock/time'))).status).toBe(200);

  servers.splice(1, 2, ...(await Promise.all([nodes.start(2), nodes.start(3)])));
  await expect.poll(async () => (await one.run('health')).exitCode, slow).toBe(0);
});

test('a node that comes back while there is no majority serves by what it knew', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  const [one, two, three] = servers as [Server, Server, Server];
  await Promise.all([one.crash(), two.fail(), three.fail()]);

  const known = /serving from the last good route table/;
  const first = await startUntil(nodes, 1, known, { '--http': ':8080' });
  expect((await fetch(`http://${nodes.address(1)}:8080/api/clock/time`)).status).toBe(200);

  servers.splice(0, 3, ...(await Promise.all([first.ready, nodes.start(2), nodes.start(3)])));
  await servers[0]?.succeed('kill', 'clock');
});

test('a machine that is lost is replaced by one of the same address without data', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  const [one, , three] = servers as [Server, Server, Server];
  await three.succeed('run', samples.clock);
  const before = new Set((await listed(one)).map(({ name }) => name));
  await three.fail();
  await nodes.forget(3);
  servers.splice(2, 1, await nodes.start(3));

  const after = await listed(one);
  expect(after.map(({ role }) => role).toSorted()).toEqual(['leader', 'member', 'member']);
  expect(after.filter(({ name }) => !before.has(name)).map(({ address }) => address)).toEqual([
    `${nodes.address(3)}:8083`,
  ]);
  await one.succeed('kill', 'clock');
});

test('a fourth node joins, is removed, and is told so', async ({ cluster }) => {
  const { nodes, servers } = cluster;
  const [one] = servers as [Server];
  await one.succeed('nodes', 'add', nodes.address(4));
  const added = (await listed(one)).find(({ name }) => name === '');
  expect(added).toMatchObject({ address: `${nodes.address(4)}:2380`, role: 'learner', up: false });
  const fourth = await nodes.start(4);
  expect(await up(one)).toBe(4);

  await one.succeed('nodes', 'remove', nodes.address(4));
  const removed = /was removed from its cluster: .*remove \S+\/cluster and start it/;
  expect(await fourth.exited).toBe(1);
  expect(fourth.log()).toMatch(removed);
  await expect(nodes.start(4)).rejects.toThrow(removed);
  expect(await up(one)).toBe(3);
});

test('a node with another cluster token does not join', async ({ cluster: { nodes, servers }, folder }) => {
  const other = join(folder, 'other-token');
  await writeFile(other, 'x'.repeat(40));
  await using refused = await nodes.startWaiting(5, /another cluster token/, {
    flags: { '--cluster-token-file': other },
  });
  for (const number of [1, 2, 3])
    expect(refused.line).toContain(`${nodes.address(number)}:8083: it has another cluster token`);
  expect(await listed(servers[0] as Server)).toHaveLength(3);
});
