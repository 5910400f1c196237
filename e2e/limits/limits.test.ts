import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { register } from '../harness/register.ts';
import { test } from '../harness/test.ts';

/** An address that takes connections and never says anything. */
async function startMute(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.for(['1', '2'])('the timeouts of --workers %s are those of the flags', async (workers, { start }) => {
  const flags = ['--workers', workers, '--answer-timeout', '300ms', '--head-timeout', '400ms', '--idle-timeout', '1s'];
  const server = await start({ flags });
  await register(server, server.token, 'go.micro.service.mute', await startMute());
  await expect.poll(async () => (await fetch(server.url('/service/mute/'))).status).toBe(504);

  const client = connect(parseTcpAddress(server.addresses.http));
  client.setEncoding('latin1').write('GET / HTTP/1.1\r\n');
  const [answer] = (await once(client, 'data')) as [string];
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  client.resume();
  await once(client, 'close');
});

test('a client may have as many calls open on a connection as --max-streams says', async ({ start }) => {
  const server = await start({ flags: ['--max-streams', '3'] });
  const client = connectHttp2(`http://${server.addresses.grpc}`);
  const [settings] = (await once(client, 'remoteSettings')) as [{ maxConcurrentStreams: number }];
  expect(settings.maxConcurrentStreams).toBe(3);
  client.close();
});
