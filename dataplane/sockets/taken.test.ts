import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { listenForTest } from '../data-plane.fixture.ts';
import { takenOf } from './taken.ts';

test('what the kernel has taken goes up as the other side reads, up to what was written', async () => {
  const server = createServer();
  const accepting = once(server, 'connection') as Promise<[Socket]>;
  const client = connect(parseTcpAddress(await listenForTest(server))).pause();
  onTestFinished(() => void client.destroy());
  const [socket] = await accepting;
  const bytes = 32 * 1024 * 1024;
  expect(takenOf(socket)).toBe(0);
  socket.write(Buffer.alloc(bytes));
  const atFirst = takenOf(socket);
  expect(atFirst).toBeLessThan(bytes);
  let read = 0;
  client
    .on('data', (part: Buffer) => {
      read += part.length;
      if (read > bytes / 2) client.pause();
    })
    .resume();
  await vi.waitFor(() => expect(client.isPaused()).toBe(true));
  await vi.waitFor(() => expect(takenOf(socket)).toBeGreaterThan(atFirst));
  expect(takenOf(socket)).toBeLessThan(bytes);
  client.removeAllListeners('data').resume();
  await vi.waitFor(() => expect(takenOf(socket)).toBe(bytes));
  socket.destroy();
  expect(takenOf(socket)).toBe(0);
});
