import { setInterval } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { connectRegistrar } from '../harness/registrar.ts';
import type { Server } from '../harness/server.ts';
import { methods } from './echo/echo.types.ts';
import { type EchoInstance, service } from './echo/instance.ts';
import { startLoad } from './echo/load.ts';
import { test } from './echo/test.ts';

const atOnce = 16;
const unary = { path: methods.unary, sizes: [16] };

/** What may happen to one of two instances under load, and how calls that it may have seen may end. */
const faults: Readonly<
  Record<string, { begin(it: EchoInstance): unknown; end(it: EchoInstance): unknown; seen?: readonly status[] }>
> = {
  'is killed': {
    begin: (instance) => instance.kill(),
    end: (instance) => instance.start(),
    seen: [status.UNAVAILABLE],
  },
  // Its calls wait for it: they are few, as others go where fewer are in flight.
  'is frozen': {
    begin: (instance) => instance.signal('SIGSTOP'),
    end: (instance) => instance.signal('SIGCONT'),
    seen: [status.DEADLINE_EXCEEDED],
  },
  'drains with GOAWAY': { begin: (instance) => instance.stop(), end: (instance) => instance.start() },
};

/** When the load is over no call, stream or connection is left: those to instances rest for 4 s. */
async function nothingIsLeft({ addresses }: Server): Promise<void> {
  const metrics = async () => (await fetch(`http://${addresses.admin}/metrics`)).text();
  await expect.poll(metrics, { timeout: 20_000 }).toMatch(/^micro_upstream_connections\{protocol="HTTP\/2"\} [01]$/m);
}

test.for(Object.entries(faults))('calls go on while an instance %s', async ([, fault], { server, echo }) => {
  const instance = await echo.instance(server, 'grpc-js');
  await echo.instance(server, 'grpc-js', { name: 'two' });
  await using client = echo.client(server, 'grpcio');
  expect(await client.repeat(unary, 500, atOnce)).toEqual({ [status.OK]: 500 });

  const load = client.repeat({ ...unary, timeoutMs: 3_000 }, 3_000, atOnce);
  await fault.begin(instance);
  const codes = await load;
  const allowed = new Set([status.OK, ...(fault.seen ?? [])].map(String));
  expect(Object.keys(codes).filter((code) => !allowed.has(code))).toEqual([]);
  // What was in flight there, and not what came later.
  expect(3_000 - (codes[status.OK] ?? 0)).toBeLessThanOrEqual(fault.seen === undefined ? 0 : 2 * atOnce);
  await fault.end(instance);
  expect(await client.repeat(unary, 500, atOnce)).toEqual({ [status.OK]: 500 });

  await client[Symbol.asyncDispose]();
  await echo.deregister(server);
  await echo.deregister(server, 'two');
  await nothingIsLeft(server);
});

test('no call is lost while the route table is swapped a hundred times a second', async ({ server, echo }) => {
  await echo.instance(server, 'grpc-js');
  const swapped = await echo.instance(server, 'grpc-js', { name: 'two' });
  await using client = echo.client(server, 'grpcio');
  expect(await client.repeat(unary, 500, atOnce)).toEqual({ [status.OK]: 500 });

  const load = startLoad(client);
  using registrar = connectRegistrar(server);
  let isThere = true;
  let changes = 0;
  for await (const _ of setInterval(10)) {
    if (isThere) await registrar.deregister(service, 'two');
    else await registrar.register(service, 'two', swapped.address, { protocol: 'grpc' });
    isThere = !isThere;
    changes += 1;
    if (changes === 300) break;
  }
  expect(await load.stop()).toEqual({ [status.OK]: expect.any(Number) });
});
