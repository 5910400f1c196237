import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Etcd3 } from 'etcd3';
import { median } from './figure.ts';

/** Keys of their own for each run, out of the way of everything that the server keeps. */
const prefix = '/bench/';
const value = 'x'.repeat(128);

/** @returns puts a second, each acknowledged after it is on disk */
export async function measurePuts(host: string, clientCount: number, total: number): Promise<number> {
  return withClients(host, clientCount, async (clients) => {
    const elapsedMs = await spread(clients, total, (client, index) =>
      client.put(`${prefix}${index}`).value(value).exec(),
    );
    const [client] = clients as [Etcd3];
    const all = await client.getAll().prefix(prefix).strings();
    assert.equal(Object.keys(all).length, total);
    assert(Object.values(all).every((stored) => stored === value));
    return (total / elapsedMs) * 1000;
  });
}

/** @returns ranges a second, each of 100 keys with their values, linearizable */
export async function measureRanges(host: string, clientCount: number, total: number): Promise<number> {
  return withClients(host, clientCount, async (clients) => {
    const [first] = clients as [Etcd3];
    for (let index = 0; index < 100; index += 1) await first.put(`${prefix}${index}`).value(value).exec();
    const elapsedMs = await spread(clients, total, async (client) => {
      const { kvs } = await client.getAll().prefix(prefix).exec();
      assert.equal(kvs.length, 100);
    });
    return (total / elapsedMs) * 1000;
  });
}

/** @returns median of the milliseconds from a put, when it is sent, to its event */
export async function measureWatch(host: string, count: number): Promise<number> {
  return withClients(host, 2, async (clients) => {
    const [writer, reader] = clients as [Etcd3, Etcd3];
    const watcher = await reader.watch().prefix(prefix).create();
    const samples: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const start = performance.now();
      const event = once(watcher, 'put');
      const acknowledged = writer.put(`${prefix}watched`).value(String(index)).exec();
      const [{ value: seen }] = (await event) as [{ value: Buffer }];
      samples.push(performance.now() - start);
      assert.equal(seen.toString(), String(index));
      await acknowledged;
    }
    await watcher.cancel();
    return median(samples);
  });
}

/** Clients with a connection each; what they wrote is removed in the end. */
async function withClients<Result>(
  host: string,
  count: number,
  work: (clients: readonly Etcd3[]) => Promise<Result>,
): Promise<Result> {
  const clients = Array.from(
    { length: count },
    () => new Etcd3({ hosts: host, grpcOptions: { 'grpc.use_local_subchannel_pool': 1 } }),
  );
  try {
    await Promise.all(clients.map((client) => client.get(`${prefix}connect`).exec()));
    return await work(clients);
  } finally {
    await clients[0]?.delete().prefix(prefix);
    for (const client of clients) client.close();
  }
}

/** Does `total` calls, each client the next one when it is done with its last; returns the milliseconds they took. */
async function spread(
  clients: readonly Etcd3[],
  total: number,
  call: (client: Etcd3, index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next < total) {
        const index = next;
        next += 1;
        await call(client, index);
      }
    }),
  );
  return performance.now() - start;
}
