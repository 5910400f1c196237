import { Etcd3 } from 'etcd3';
import { execa } from 'execa';
import { expect } from 'vitest';
import { startInstance } from '../harness/instance.ts';
import type { Route } from '../harness/listings.ts';
import type { Server } from '../harness/server.ts';
import { test as base } from '../harness/test.ts';

/** A test with a server whose registry door is open, and an instance that registers itself there as go-micro does. */
const test = base
  .extend('open', async ({ start }) => start({ flags: ['--etcd-listen', '127.0.0.1:0'] }))
  .extend('instance', async ({ task }, { onCleanup }) => {
    const instance = await startInstance(task.name);
    onCleanup(() => instance[Symbol.asyncDispose]());
    return instance;
  });

const service = 'go.micro.service.gopher';
const id = `${service}-4f5c1c52-9a1c-4f0e-8b0a-0d7c2f1f6b11`;
const key = `/micro/registry/${service}/${id}`;

/** What go-micro v2 writes for a service; without a protocol, as its web services are. */
const registration = (address: string) =>
  JSON.stringify({
    name: service,
    version: 'latest',
    metadata: null,
    endpoints: [],
    nodes: [{ id, address, metadata: {} }],
  });

test('a service that registers itself with the etcd3 client is routed until its lease ends', async ({
  open,
  instance,
}) => {
  const client = new Etcd3({ hosts: open.addresses.registry });
  const lease = client.lease(60);
  await lease.put(key).value(registration(instance.address));
  await expectStatus(open, 200);
  expect(await open.list<Route>('routes', 'ls')).toMatchObject([
    { route: '/service/gopher/', service, version: 'latest', instances: [instance.address] },
  ]);

  await lease.revoke();
  await expectStatus(open, 404);
  client.close();
});

test('a service that registers itself with etcdctl is routed until it stops keeping its lease alive', async ({
  open,
  instance,
}) => {
  const etcdctl = etcdctlAt(open);
  const [, lease = ''] = /lease (\w+) granted/.exec(await etcdctl('lease', 'grant', '3')) ?? [];
  const stopKeepingAlive = new AbortController();
  const keptAlive = execa({
    cancelSignal: stopKeepingAlive.signal,
    reject: false,
  })`etcdctl --endpoints ${open.addresses.registry} lease keep-alive ${lease}`;

  expect(await etcdctl('put', '--lease', lease, key, registration(instance.address))).toBe('OK');
  await expectStatus(open, 200);
  expect(await etcdctl('get', '--prefix', '--keys-only', '/micro/registry/')).toContain(key);

  stopKeepingAlive.abort();
  await keptAlive;
  await expectStatus(open, 404);
});

test('a registration that is no JSON is passed over, and the others are routed', async ({ open, instance }) => {
  const etcdctl = etcdctlAt(open);
  await etcdctl('put', `/micro/registry/${service}/broken`, '{"name":');
  await etcdctl('put', key, registration(instance.address));
  await expectStatus(open, 200);
});

test.for([
  ['put', '/micro/runtime/deployments/go.micro.service.gopher', '{}'],
  ['put', '/elsewhere', 'x'],
  ['get', '--prefix', '/'],
  ['del', '--prefix', '/micro/'],
])('the door stays shut for etcdctl %s %s', async (args, { open }) => {
  await expect(etcdctlAt(open)(...args)).rejects.toThrow(/permission denied|PermissionDenied/i);
});

function etcdctlAt(server: Server) {
  return async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await execa('etcdctl', ['--endpoints', server.addresses.registry, ...args], {
      timeout: 20_000,
      env: { ETCDCTL_API: '3' },
    });
    return stdout;
  };
}

async function expectStatus(server: Server, status: number): Promise<void> {
  const ask = async () => (await fetch(server.url('/service/gopher/'))).status;
  await expect.poll(ask, { timeout: 20_000 }).toBe(status);
}
