import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makeNodes, type Nodes } from '../harness/cluster.ts';
import { runMicro } from '../harness/command.ts';
import { startInstance } from '../harness/instance.ts';
import { test as base } from '../harness/test.ts';

const test = base.extend('nodes', async ({ folder }, { onCleanup }): Promise<Nodes> => {
  const nodes = await makeNodes(folder, 2);
  onCleanup(() => nodes[Symbol.asyncDispose]());
  return nodes;
});

test('two nodes form a cluster, and warn that it survives no failure', async ({ nodes }) => {
  const warnings: string[] = [];
  const onLine = (line: string) => line.includes('survives the failure of none') && warnings.push(line);
  const servers = await Promise.all([nodes.start(1, { onLine }), nodes.start(2, { onLine })]);
  expect(warnings).toHaveLength(2);
  for (const server of servers) expect(await server.list('nodes', 'ls')).toHaveLength(2);
});

test('nodes whose lists differ are told so, and form nothing', async ({ nodes }) => {
  const longer = { '--nodes': `${nodes.address(1)},${nodes.address(2)},${nodes.address(3)}` };
  const [one, two] = await Promise.all([
    nodes.startWaiting(1, /other --nodes/, { flags: longer }),
    nodes.startWaiting(2, /other --nodes/),
  ]);
  const [first, second, third] = [1, 2, 3].map((number) => `${nodes.address(number)}:8083`);
  expect(one.line).toContain(`other --nodes: ${first}, ${second} there, ${first}, ${second}, ${third} here`);
  expect(two.line).toContain(`other --nodes: ${first}, ${second}, ${third} there, ${first}, ${second} here`);
  await Promise.all([one, two].map((node) => node[Symbol.asyncDispose]()));
});

test('what keeps a node from being one of a cluster is told in one line, exit 1', async ({ nodes, folder }) => {
  const old = join(folder, 'old-etcd');
  await writeFile(old, '#!/bin/sh\necho "etcd Version: 3.3.25"\n');
  await chmod(old, 0o755);
  await using occupant = await startInstance();
  const port = occupant.address.split(':')[1] ?? '';
  const wrong = [
    [
      { '--etcd-client-port': port },
      /etcd of this node cannot listen on \S+: the port is taken; .*--etcd-client-port$/,
    ],
    [
      { '--etcd-bin': 'etcd-that-is-not-there' },
      /there is no etcd-that-is-not-there .*apt-get install etcd-server.*--etcd-bin/,
    ],
    [{ '--etcd-bin': old }, /old-etcd is etcd 3\.3\.25, which is too old: it takes 3\.4 or newer/],
    [{ '--address': '198.51.100.7' }, /198\.51\.100\.7:8083: this machine has no such address; .*--address$/],
    [{ '--cluster-token-file': join(folder, 'none') }, /there is no cluster token in \S+none: .*micro cluster token/],
  ] as const;
  for (const [flags, message] of wrong) {
    const starting = nodes.start(1, { flags });
    await expect(starting).rejects.toThrow('ended with 1');
    await expect(starting).rejects.toThrow(message);
  }
});

test('a data folder stays what it is: that of a server alone, or of a node', async ({ nodes, folder, start }) => {
  const alone = await start({ dataDir: join(folder, 'node-1') });
  await alone.stop();
  await expect(nodes.start(1)).rejects.toThrow(/holds the state of a server that is alone.*--data-dir/);

  await nodes.forget(1);
  const node = await nodes.start(1, { flags: { '--nodes': nodes.address(1) } });
  await node.stop();
  await expect(start({ dataDir: join(folder, 'node-1') })).rejects.toThrow(/node of a cluster: start it with --nodes/);
  await expect(nodes.start(1, { flags: { '--etcd-peer-port': '2390' } })).rejects.toThrow(/--etcd-peer-port as before/);
  await rm(join(nodes.dataDir(1), 'cluster', 'etcd'), { recursive: true });
  await expect(nodes.start(1)).rejects.toThrow(/the data of this node's etcd are gone from \S+: .*remove \S+\/cluster/);
});

test('settings that make no node are told together, exit 2', async () => {
  const flags = ['--nodes', 'a b', '--etcd', '127.0.0.1:2379', '--etcd-peer-port', '0'];
  const { stderr, exitCode } = await runMicro(['server', ...flags]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--nodes: "a b" is no node');
  expect(stderr).toContain('--nodes: it needs --address too');
  expect(stderr).toContain('--nodes: it cannot be given with --etcd');
  expect(stderr).toContain('--etcd-peer-port: it is a port');
});
