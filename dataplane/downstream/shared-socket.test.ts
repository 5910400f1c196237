import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { listenForTest, rawConnection } from '../data-plane.fixture.ts';
import { DataPlaneError } from '../errors.ts';
import { bindSocket } from './shared-socket.ts';

test('whoever listens on the socket gets its connections', async () => {
  const socket = await bindSocket('http', { host: '127.0.0.1', port: 0 });
  expect(socket.port).toBeGreaterThan(0);
  const server = createServer((connection) => connection.end('here')).listen({ fd: socket.fd });
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const [answer] = (await once(rawConnection(socket), 'data')) as [Buffer];
  expect(answer.toString()).toBe('here');
});

test('an address that is taken, is of another machine or is no address is refused by its name', async () => {
  const taken = await listenForTest(createServer());
  await expect(bindSocket('grpc', parseTcpAddress(taken))).rejects.toThrow(
    new DataPlaneError(
      'address-in-use',
      `the grpc entrypoint cannot listen on ${taken}: another program does; choose another address`,
      { entrypoint: 'grpc' },
    ),
  );
  await expect(bindSocket('http', { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    code: 'cannot-listen',
    message: 'the http entrypoint cannot listen on 192.0.2.1:0: bind EADDRNOTAVAIL; choose another address',
  });
  await expect(bindSocket('http', { host: 'nowhere.invalid', port: 0 })).rejects.toMatchObject({
    code: 'cannot-listen',
    entrypoint: 'http',
  });
});

test.each(['', 'localhost', '::1'])('"%s" is bound as an entrypoint binds it', async (host) => {
  const socket = await bindSocket('http', { host, port: 0 });
  expect(socket).toMatchObject({ host, port: expect.any(Number) as number });
  socket.close();
});
