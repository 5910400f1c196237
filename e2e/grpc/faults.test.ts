import { once } from 'node:events';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished } from 'vitest';
import { freeAddress } from '../harness/free-address.ts';
import type { Server } from '../harness/server.ts';
import { connectEcho } from './echo/client.ts';
import { methods } from './echo/echo.types.ts';
import type { Library } from './echo/instance.ts';
import { startLoad } from './echo/load.ts';
import { writeEchoService } from './echo/service.ts';
import { test } from './echo/test.ts';

const unary = { path: methods.unary, sizes: [16] };
const hold = { path: methods.hold, sizes: [16] };

describe.for<Library>(['grpc-js', 'grpcio'])('a client on %s', (client) => {
  test('calls in flight end with UNAVAILABLE when their instance is killed, and go on when it is back', async ({
    server,
    echo,
  }) => {
    const instance = await echo.instance(server, 'grpcio');
    const { call } = echo.client(server, client);
    const calls = Array.from({ length: 10 }, () => call(hold));
    await expect.poll(() => instance.held.holding, { timeout: 10_000 }).toBe(10);
    await instance.kill();
    for (const outcome of await Promise.all(calls)) expect(outcome.code).toBe(status.UNAVAILABLE);
    expect((await call(unary)).code).toBe(status.UNAVAILABLE);
    await instance.start();
    await expect.poll(async () => (await call(unary)).code, { timeout: 20_000 }).toBe(status.OK);
  });

  test('calls go to another instance when one is killed', async ({ server, echo }) => {
    const one = await echo.instance(server, 'grpc-js');
    await echo.instance(server, 'grpcio', { name: 'two' });
    const { call, repeat } = echo.client(server, client);
    expect(await repeat(unary, 100, 10)).toEqual({ [status.OK]: 100 });
    await one.kill();
    expect(await repeat(unary, 100, 10)).toEqual({ [status.OK]: 100 });
    expect((await call(unary)).initial['x-head-instance']).toBe('two');
    await echo.deregister(server, 'two');
  });

  test('pings of a client are answered, however many, with and without calls', async ({ server, echo }) => {
    await echo.instance(server, 'grpc-js');
    const channel = {
      'grpc.keepalive_time_ms': 20,
      'grpc.keepalive_timeout_ms': 2_000,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.http2.max_pings_without_data': 0,
    };
    const { call } = echo.client(server, client, { channel });
    for (let round = 0; round < 2; round += 1) {
      expect((await call({ ...hold, timeoutMs: 700 })).code).toBe(status.DEADLINE_EXCEEDED);
      expect((await call(unary)).code).toBe(status.OK);
    }
  });

  test('a call that waits for ready is made when the server is there', async ({ start, folder }) => {
    const address = await freeAddress();
    const early = connectEcho(client, { address });
    onTestFinished(() => early[Symbol.asyncDispose]());
    const outcome = early.call({ ...unary, waitForReady: true });
    await start({ dataDir: join(folder, 'data'), flags: ['--grpc', address] });
    expect(await outcome).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  test('a new version takes the place of the old without a failed call', async ({ start, folder, echo }) => {
    const server = await start();
    const source = await writeEchoService(join(folder, 'service'), 'old');
    await server.succeed('run', source, '--name', 'echo', '--instances', '2');
    const { call, ...rest } = echo.client(server, client);
    expect((await call(unary)).initial['x-head-instance']).toBe('old');
    const load = startLoad({ call, ...rest });
    await writeEchoService(source, 'new');
    await server.succeed('run', source, '--name', 'echo', '--instances', '2');
    const codes = await load.stop();
    expect(codes).toEqual({ [status.OK]: expect.any(Number) });
    expect((await call(unary)).initial['x-head-instance']).toBe('new');
  });

  test('a data plane that ends under load loses no call: clients go to another', async ({ start, echo }) => {
    const { addresses, token } = await start({ command: 'controlplane' });
    const dataPlane = () =>
      start({
        command: 'dataplane',
        flags: ['--control', addresses.control, '--drain-grace', '300ms'],
        env: { MICRO_TOKEN: token },
      });
    const [first, second] = await Promise.all([dataPlane(), dataPlane()]);
    await echo.instance({ ...first, token }, 'grpcio');
    const both = connectEcho(client, { address: `ipv4:${first.addresses.grpc},${second.addresses.grpc}` });
    onTestFinished(() => both[Symbol.asyncDispose]());
    await expect.poll(async () => (await both.call(unary)).code, { timeout: 20_000 }).toBe(status.OK);
    await isRouted(second);
    const load = startLoad(both);
    expect(await first.stop()).toBe(0);
    expect(await load.stop()).toEqual({ [status.OK]: expect.any(Number) });
    expect((await both.call(unary)).code).toBe(status.OK);
  });
});

test('the deadline of a call is kept for an instance that hangs, and the next call too', async ({ server, echo }) => {
  const instance = await echo.instance(server, 'grpc-js');
  instance.signal('SIGSTOP');
  // A client that has no timer of its own.
  const session = connect(`http://${server.addresses.grpc}`);
  onTestFinished(() => session.destroy());
  const request = session.request({
    ':method': 'POST',
    ':path': methods.unary,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': '300m',
  });
  request.end(Buffer.from([0, 0, 0, 0, 0]));
  const [head] = (await once(request, 'response')) as [Record<string, string>];
  expect(head).toMatchObject({ 'grpc-status': '4', 'grpc-message': 'no answer within 300 ms' });
  instance.signal('SIGCONT');
  const { call } = echo.client(server, 'grpc-js');
  expect((await call(unary)).code).toBe(status.OK);
});

/** Resolves when a data plane has a route to the echo service. */
async function isRouted({ addresses }: Server): Promise<void> {
  await using probe = connectEcho('grpc-js', { address: addresses.grpc });
  await expect.poll(async () => (await probe.call(unary)).code, { timeout: 20_000 }).toBe(status.OK);
}
