import { createServer } from 'node:net';
import { once } from 'node:events';
import { credentials, type ServerWritableStream, status } from '@grpc/grpc-js';
import { afterEach, expect, test, vi } from 'vitest';
import { formatAddress } from '../../proto/channel/address.ts';
import { connect, unary } from '../../proto/channel/client.ts';
import {
  RegistryClient,
  RegistryService,
  type WatchRequest,
  type WatchResponse,
} from '../../proto/gen/micro/registry/v1/registry.ts';
import { RoutesClient, type ListResponse, RoutesService } from '../../proto/gen/micro/routes/v1/routes.ts';
import { publishRoutes } from '../routes/publish.ts';
import { routesService } from './routes.ts';
import { type ControlServer, startControlServer } from './server.ts';

let server: ControlServer | undefined;
afterEach(() => server?.stop());

async function start(): Promise<ControlServer> {
  const started = await startControlServer({ listen: { host: '127.0.0.1', port: 0 }, token: 'secret' });
  started.add(RoutesService, routesService(publishRoutes({ clusterId: 1n, revision: 2n, prefixes: [], services: [] })));
  return started;
}

test('a call with the token is answered', async () => {
  server = await start();
  const client = connect(RoutesClient, server.address, { token: 'secret' });
  const { snapshot } = await unary<ListResponse>((done) => client.list({}, done));
  expect(snapshot?.revision).toBe(2n);
  client.close();
});

test.each([
  ['no token', undefined, /needs the control token/],
  ['another token', 'secre', /is not the control token/],
  ['a longer token', 'secrets', /is not the control token/],
])('a call with %s is refused', async (_what, token, details) => {
  server = await start();
  const client = connect(RoutesClient, server.address, { token });
  const call = unary<ListResponse>((done) => client.list({}, done));
  await expect(call).rejects.toMatchObject({ code: status.UNAUTHENTICATED, details: expect.stringMatching(details) });
  client.close();
});

test('a stream without the token is refused before it says anything', async () => {
  server = await start();
  const client = new RoutesClient(formatAddress(server.address), credentials.createInsecure());
  const stream = client.subscribe();
  stream.write({
    message: { $case: 'hello', value: { dataPlane: 'x', httpAddress: '', httpUsesTls: false, revision: 0n } },
  });
  const [error] = (await once(stream, 'error')) as [{ code: status }];
  expect(error.code).toBe(status.UNAUTHENTICATED);
  client.close();
});

test('streams that never end are ended when told, and no more are taken', async () => {
  server = await startControlServer({
    listen: { host: '127.0.0.1', port: 0 },
    token: 'secret',
    endless: [RegistryService.watch],
  });
  let cancelled = false;
  server.add(RegistryService, {
    watch: (call: ServerWritableStream<WatchRequest, WatchResponse>) => {
      call.once('cancelled', () => (cancelled = true));
      call.write({ name: 'greeter', services: [] });
    },
  });
  const client = connect(RegistryClient, server.address, { token: 'secret' });
  const ending = { code: status.UNAVAILABLE, details: 'the server is stopping' };

  const open = client.watch({ name: '' });
  await once(open, 'data');
  server.endStreams();
  expect((await once(open, 'error'))[0]).toMatchObject(ending);
  await vi.waitFor(() => expect(cancelled).toBe(true));

  const late = client.watch({ name: '' });
  late.resume();
  expect((await once(late, 'error'))[0]).toMatchObject(ending);
  client.close();
});

test('a port that is taken is told with the flag that changes it', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await expect(startControlServer({ listen: { host: '127.0.0.1', port }, token: 't' })).rejects.toThrow(
    `control cannot listen on 127.0.0.1:${port}: the port is taken; choose another with --control`,
  );
  other.close();
});
