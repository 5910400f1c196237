import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { listenForTest } from '../data-plane.fixture.ts';
import { Buffers } from './buffers.ts';
import { SocketWriter } from './socket-writer.ts';
import { WriteBatch } from './write-batch.ts';

/** A client that does not read yet, and the writer of the connection that was accepted from it. */
async function connection() {
  const server = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const { host, port } = parseTcpAddress(await listenForTest(server));
  const client = connect({ host, port, allowHalfOpen: true }).on('error', () => {});
  onTestFinished(() => void client.destroy());
  const socket = await accepted;
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  const parts = { buffers: new Buffers(), batch: new WriteBatch() };
  return { client, socket, parts, writer: new SocketWriter(socket, parts) };
}

async function readAll(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(client, 'end');
  return Buffer.concat(chunks).toString('latin1');
}

test('texts of one turn leave together at its end, in their order', async () => {
  const { client, writer } = await connection();
  expect(writer.text('one ')).toBe(true);
  expect(writer.text('t\u00e9o ')).toBe(true);
  expect(writer.isDone).toBe(false);
  const [read] = (await once(client, 'data')) as [Buffer];
  expect(read.toString('latin1')).toBe('one t\u00e9o ');
  expect(writer.isDone).toBe(true);
});

test('what is written in whichever way arrives in its order, also where the client reads late', async () => {
  const { client, socket, writer } = await connection();
  let written = '';
  let isReady = true;
  for (let round = 0; isReady; round += 1) {
    const text = `${round} ${'x'.repeat(5_000)}\n`;
    const body = Buffer.from(`${round} body ${'y'.repeat(2_000 * (round % 16))}\n`);
    isReady = writer.text(text);
    isReady = writer.around('<', { buffer: body, from: 0, to: body.length, isShared: true }, '>') && isReady;
    isReady = writer.bytes(Buffer.from('bytes\n')) && isReady;
    written += `${text}<${body.toString()}>bytes\n`;
    if (round % 3 === 0) await new Promise(setImmediate);
  }
  const drained = once(socket, 'drain');
  const all = readAll(client);
  await drained;
  writer.text('the last');
  writer.end();
  expect(await all).toBe(`${written}the last`);
  expect(writer.isDone).toBe(true);
});

test('short texts to a client that reads nothing are not taken in without end', async () => {
  const { writer } = await connection();
  let isReady = true;
  for (let turns = 0; isReady && turns < 10_000; turns += 1) {
    for (let texts = 0; texts < 50; texts += 1) isReady = writer.text('z'.repeat(1_000));
    await new Promise(setImmediate);
  }
  expect(isReady).toBe(false);
});

test('of a connection that broke it hears by closing', async () => {
  const { client, socket, writer } = await connection();
  client.resetAndDestroy();
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  for (let turns = 0; !socket.destroyed && turns < 10_000; turns += 1) {
    writer.text('a');
    await new Promise(setImmediate);
  }
  await closed;
  writer.text('b');
  writer.release();
  expect(socket.writableLength).toBe(0);
});

test('a socket that is still connecting gets its texts once it is connected', async () => {
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const { host, port } = parseTcpAddress(await listenForTest(server));
  const socket = connect({ host, port });
  onTestFinished(() => void socket.destroy());
  const writer = new SocketWriter(socket, { buffers: new Buffers(), batch: new WriteBatch() });
  writer.text('early');
  const [read] = (await once(await accepted, 'data')) as [Buffer];
  expect(read.toString()).toBe('early');
  await vi.waitFor(() => expect(writer.isDone).toBe(true));
});
