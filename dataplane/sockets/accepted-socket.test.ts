import { once } from 'node:events';
import { connect, createServer, Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { listenForTest } from '../data-plane.fixture.ts';
import { AcceptedSocket, canBeTakenOver } from './accepted-socket.ts';
import { Buffers } from './buffers.ts';

interface Reading {
  readonly text: string;
  readonly isShared: boolean;
}

/** A client, and its connection as it is taken over when the first byte has come. */
async function takenOver() {
  const buffers = new Buffers();
  const readings: Reading[] = [];
  const server = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const { host, port } = parseTcpAddress(await listenForTest(server));
  const client = connect({ host, port }).on('error', () => {});
  onTestFinished(() => void client.destroy());
  const socket = await accepted;
  socket.on('data', () => {});
  client.write('x');
  await once(socket, 'data');
  socket.removeAllListeners('data');
  expect(canBeTakenOver(socket)).toBe(true);
  const direct = new AcceptedSocket(socket, buffers, (bytes, length, isShared) => {
    readings.push({ text: bytes.toString('latin1', 0, length), isShared });
  });
  direct.on('error', () => {});
  return { client, socket, direct, readings, read: () => readings.map(({ text }) => text).join('') };
}

test('what comes is read directly, and what is written arrives', async () => {
  const { client, direct, read } = await takenOver();
  client.write('hello');
  await vi.waitFor(() => expect(read()).toBe('hello'));
  direct.write('world');
  const [answer] = (await once(client, 'data')) as [Buffer];
  expect(String(answer)).toBe('world');
});

test('a large message is read into a buffer of its own from its second reading on, whole', async () => {
  const { client, readings, read } = await takenOver();
  const message = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => 97 + (index % 26))).toString('latin1');
  client.write(message, 'latin1');
  await vi.waitFor(() => expect(read().length).toBe(message.length), { timeout: 10_000 });
  expect(read()).toBe(message);
  expect(readings[0]?.isShared).toBe(true);
});

test('as a stream it gives what comes to its listeners, and holds it back while it is paused', async () => {
  const { client, direct, readings } = await takenOver();
  direct.readAsStream();
  direct.pause();
  client.write('held');
  await vi.waitFor(() => expect(direct.readableLength).toBe(4));
  const heard = once(direct, 'data');
  direct.resume();
  expect(String((await heard)[0])).toBe('held');
  expect(readings).toEqual([]);
});

test('as a stream that nobody reads it hears that the client left', async () => {
  const { client, direct } = await takenOver();
  direct.readAsStream();
  direct.pause();
  client.resetAndDestroy();
  await vi.waitFor(() => expect(direct.destroyed).toBe(true));
});

test('it closes what it took over, and is closed by it', async () => {
  const first = await takenOver();
  first.direct.destroy();
  await vi.waitFor(() => expect(first.socket.destroyed).toBe(true));
  const second = await takenOver();
  second.socket.destroy();
  await vi.waitFor(() => expect(second.direct.destroyed).toBe(true));
});

test('a socket with something on its way, or of another kind, is not taken over', async () => {
  const { direct } = await takenOver();
  expect(canBeTakenOver(direct)).toBe(false);
  expect(canBeTakenOver(new Socket())).toBe(false);
});
