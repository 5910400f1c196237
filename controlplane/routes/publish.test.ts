import { Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import type { RoutesServer, Snapshot } from '../../proto/gen/micro/routes/v1/routes.ts';
import { dialRoutes } from '../../proto/routes/dial.ts';
import { lateRoutes } from '../../proto/routes/late.ts';
import { routesServiceDefinition, serveRoutes } from '../../proto/routes/serve.ts';
import { describeRouteSource, service } from '../../proto/routes/source.contract.ts';
import type { RouteSource, RouteSubscriber, RouteUpdate } from '../../proto/routes/source.ts';
import { publishRoutes, type RoutePublisher } from './publish.ts';

const first: Snapshot = { clusterId: 7n, revision: 10n, prefixes: [], services: [service('a', 1)] };

describeRouteSource('routes in one process', async (first) => {
  const publisher = publishRoutes(first);
  return {
    source: publisher,
    update: (change) => publisher.update(change),
    drained: (revision, address) => drained(publisher, revision, address),
    stop: async () => {},
  };
});

describeRouteSource('routes that come late', async (first) => {
  const publisher = publishRoutes(first);
  return {
    source: lateRoutes(Promise.resolve(publisher), 'not yet'),
    update: (change) => publisher.update(change),
    drained: (revision, address) => drained(publisher, revision, address),
    stop: async () => {},
  };
});

describeRouteSource('routes over gRPC', async (first) => {
  const publisher = publishRoutes(first);
  const server = await serve(publisher);
  const source = dialRoutes({ address: { host: '127.0.0.1', port: server.port }, token: 'secret' });
  return {
    source,
    update: (change) => publisher.update(change),
    drained: (revision, address) => drained(publisher, revision, address),
    stop: async () => server.stop(),
  };
});

test('a data plane that lost its control plane finds it again and gets the whole table', async () => {
  const publisher = publishRoutes(first);
  let server = await serve(publisher);
  const { port } = server;
  const source = dialRoutes({ address: { host: '127.0.0.1', port }, token: 't', backoffMs: { first: 5, last: 20 } });
  const seen: string[] = [];
  const subscription = source.subscribe({
    name: 'plane',
    httpAddress: ':8080',
    revision: () => 0n,
    apply: ({ $case, value }) => void seen.push(`${$case} ${value.revision}`),
    draining: () => new Set(),
    connection: ({ status }) => void seen.push(status),
  });
  await vi.waitFor(() => expect(seen).toEqual(['connected', 'snapshot 10']));
  server.stop();
  await vi.waitFor(() => expect(seen).toContain('disconnected'));
  publisher.update({ revision: 11n, changed: [service('b', 1)], removed: [] });
  server = await serve(publisher, port);
  await vi.waitFor(() => expect(seen.slice(-2)).toEqual(['connected', 'snapshot 11']), { timeout: 10_000 });
  subscription.close();
  server.stop();
});

test('data planes that are at the same place get the same update, and one that is too far behind the whole table', async () => {
  const publisher = publishRoutes(first);
  const subscribe = (name: string) => {
    const updates: RouteUpdate[] = [];
    let ack = () => {};
    const port: RouteSubscriber = {
      name,
      httpAddress: ':8080',
      revision: () => 0n,
      apply: (update) =>
        new Promise((resolve) => {
          updates.push(update);
          ack = resolve;
        }),
      draining: () => new Set(),
      connection: () => {},
    };
    publisher.subscribe(port);
    return { updates, ack: () => ack() };
  };
  const [one, other, slow] = [subscribe('one'), subscribe('other'), subscribe('slow')];
  for (const { ack } of [one, other, slow]) ack();
  const acked = (revision: bigint) => publisher.subscribers().map((each) => each.revision >= revision);
  await vi.waitFor(() => expect(acked(10n)).toEqual([true, true, true]));

  publisher.update({ revision: 11n, changed: [service('b', 1)], removed: [] });
  for (const { updates } of [one, other, slow])
    await vi.waitFor(() => expect(updates.at(-1)).toMatchObject({ $case: 'delta', value: { revision: 11n } }));
  expect(one.updates.at(-1)?.value).toBe(other.updates.at(-1)?.value);

  for (let revision = 12n; revision <= 10_012n; revision += 1n)
    publisher.update({ revision, changed: [service('b', Number(revision))], removed: [] });
  for (const { ack } of [one, other, slow]) ack();
  await vi.waitFor(() => expect(one.updates.at(-1)).toMatchObject({ $case: 'snapshot', value: { revision: 10_012n } }));
  expect(one.updates.at(-1)?.value).toBe(slow.updates.at(-1)?.value);
});

test('settled waits until the table is compiled that far and every data plane has answered', async () => {
  const publisher = publishRoutes(first);
  let ack = () => {};
  const subscription = publisher.subscribe({
    name: 'plane',
    httpAddress: ':8080',
    revision: () => 0n,
    apply: () =>
      new Promise((resolve) => {
        ack = resolve;
      }),
    draining: () => new Set(),
    connection: () => {},
  });
  ack();
  let settled = false;
  const waiting = publisher.settled(12n, 10_000).then(() => {
    settled = true;
  });
  publisher.update({ revision: 11n, changed: [service('b', 1)], removed: [] });
  publisher.update({ revision: 12n, changed: [], removed: ['b'] });
  await vi.waitFor(() => expect(publisher.subscribers()[0]?.revision).toBe(10n));
  expect(settled).toBe(false);
  await vi.waitFor(() => {
    ack();
    expect(settled).toBe(true);
  });
  await waiting;
  expect(publisher.subscribers()).toEqual([
    { name: 'plane', httpAddress: ':8080', httpUsesTls: false, revision: 12n, nackReason: undefined },
  ]);
  subscription.close();
});

test('settled gives up after its time, and asks nothing of data planes that left', async () => {
  const publisher = publishRoutes(first);
  const subscription = publisher.subscribe({
    name: 'stuck',
    httpAddress: ':8080',
    revision: () => 0n,
    apply: () => new Promise(() => {}),
    draining: () => new Set(),
    connection: () => {},
  });
  expect(await publisher.settled(10n, 10)).toBe(false);
  const waiting = publisher.settled(10n, 10_000);
  subscription.close();
  expect(await waiting).toBe(true);
});

test('a refusal is shown with its reason until the next update is acked', async () => {
  const publisher = publishRoutes(first);
  let refuse = true;
  const subscription = publisher.subscribe({
    name: 'plane',
    httpAddress: ':8080',
    revision: () => 4n,
    apply: () => {
      if (refuse) throw new Error('the table is of another cluster');
    },
    draining: () => new Set(),
    connection: () => {},
  });
  const nackReason = 'the table is of another cluster';
  await vi.waitFor(() =>
    expect(publisher.subscribers()).toEqual([
      { name: 'plane', httpAddress: ':8080', httpUsesTls: false, revision: 4n, nackReason },
    ]),
  );
  refuse = false;
  publisher.update({ revision: 11n, changed: [], removed: ['a'] });
  await vi.waitFor(() =>
    expect(publisher.subscribers()).toEqual([
      { name: 'plane', httpAddress: ':8080', httpUsesTls: false, revision: 11n, nackReason: undefined },
    ]),
  );
  subscription.close();
});

describe('a data plane that is lost with calls in flight', () => {
  const subscriberWith = (draining: ReadonlySet<string>): RouteSubscriber => ({
    name: 'plane',
    httpAddress: ':8080',
    revision: () => 0n,
    apply: () => undefined,
    draining: () => draining,
    connection: () => {},
  });

  test('is waited for until it could be back, and then taken for dead', async () => {
    const publisher = publishRoutes(first, { lostMs: 20 });
    const subscription = publisher.subscribe(subscriberWith(new Set(['10.0.0.1:1'])));
    await publisher.settled(10n, 10_000);
    subscription.close('lost');
    expect(publisher.subscribers()).toEqual([]);
    expect(await publisher.drained(['10.0.0.1:1'], 0)).toBe(false);
    expect(await publisher.drained(['10.0.0.1:2'], 0)).toBe(true);
    expect(await publisher.drained(['10.0.0.1:1'], 10_000)).toBe(true);
  });

  test('is not waited for when it left by itself', async () => {
    const publisher = publishRoutes(first);
    const subscription = publisher.subscribe(subscriberWith(new Set(['10.0.0.1:1'])));
    await publisher.settled(10n, 10_000);
    subscription.close();
    expect(await publisher.drained(['10.0.0.1:1'], 0)).toBe(true);
  });

  test('tells of them again when it is back', async () => {
    const publisher = publishRoutes(first, { lostMs: 1 });
    let server = await serve(publisher);
    const { port } = server;
    const source = dialRoutes({ address: { host: '127.0.0.1', port }, token: 't', backoffMs: { first: 5, last: 20 } });
    const draining = new Set(['10.0.0.1:1']);
    const subscription = source.subscribe(subscriberWith(draining));
    await vi.waitFor(() => expect(publisher.subscribers()).toHaveLength(1));
    server.stop();
    await vi.waitFor(() => expect(publisher.subscribers()).toHaveLength(0));
    server = await serve(publisher, port);
    await vi.waitFor(() => expect(publisher.subscribers()).toHaveLength(1), { timeout: 10_000 });
    expect(await publisher.settled(10n, 10_000)).toBe(true);
    expect(await publisher.drained(['10.0.0.1:1'], 0)).toBe(false);
    const waiting = publisher.drained(['10.0.0.1:1'], 10_000);
    draining.clear();
    subscription.drained('10.0.0.1:1');
    expect(await waiting).toBe(true);
    subscription.close();
    server.stop();
  });
});

test('a data plane that has just connected is waited for until it has told', async () => {
  const publisher = publishRoutes(first);
  let ack = () => {};
  const subscription = publisher.subscribe({
    name: 'plane',
    httpAddress: ':8080',
    revision: () => 0n,
    apply: () =>
      new Promise((resolve) => {
        ack = resolve;
      }),
    draining: () => new Set(),
    connection: () => {},
  });
  expect(await publisher.drained(['10.0.0.1:1'], 0)).toBe(false);
  const waiting = publisher.drained(['10.0.0.1:1'], 10_000);
  ack();
  expect(await waiting).toBe(true);
  subscription.close();
});

async function drained(publisher: RoutePublisher, revision: bigint, address: string): Promise<void> {
  expect(await publisher.settled(revision, 10_000)).toBe(true);
  expect(await publisher.drained([address], 10_000)).toBe(true);
}

async function serve(source: RouteSource, wantedPort = 0) {
  const server = new Server();
  const routes: RoutesServer = {
    subscribe: serveRoutes(source),
    list: (_call, done) => done(null, { snapshot: undefined }),
  };
  server.addService(routesServiceDefinition, routes);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${wantedPort}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, stop: () => server.forceShutdown() };
}
