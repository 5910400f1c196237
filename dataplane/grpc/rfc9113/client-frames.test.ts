import { defaultGrpcBounds } from '../bounds.ts';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import {
  answerHead,
  answerTrailers,
  block,
  call,
  code,
  data,
  flag,
  frame,
  goaway,
  headers,
  ping,
  preface,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from './frames.fixture.ts';
import { RawPeer, rawClient, startRawLane, unknownFrame } from './raw-peer.fixture.ts';
import { rawConnection } from '../../data-plane.fixture.ts';

/** What a client sends after both sides' SETTINGS, and what becomes of it. */
interface Case {
  readonly name: string;
  readonly frames: readonly Buffer[];
  /** The connection ends, with this code (RFC 9113 section 5.4.1). */
  readonly ends?: number | undefined;
  /** Stream 1 ends, with this code (section 5.4.2). */
  readonly resets?: number | undefined;
}

const bytes = (length: number): Buffer => Buffer.alloc(length);
const open = headers(1, call());
const ended = headers(1, call(), flag.endStream);
const malformed = (name: string, changes: Readonly<Record<string, string | undefined>>): Case => ({
  name: `8: ${name}`,
  frames: [headers(1, call(changes))],
  resets: code.protocolError,
});

const cases: readonly Case[] = [
  { name: '4.1: an unknown type is ignored', frames: [unknownFrame, open, frame(0xee, 0xff, 1, bytes(9))] },
  { name: '4.1: undefined flags are ignored', frames: [headers(1, call(), 0x42)] },
  { name: '4.1: the reserved bit of the identifier is ignored', frames: [headers(0x80000001, call())] },
  { name: '4.2: DATA above 16,384', frames: [open, data(1, bytes(16_385))], ends: code.frameSizeError },
  { name: '4.2: DATA of 16,384', frames: [open, data(1, bytes(16_384))] },
  { name: '4.2: an unknown type above 16,384', frames: [frame(0xfa, 0, 0, bytes(16_385))], ends: code.frameSizeError },
  {
    name: '4.3: what is not HPACK',
    frames: [frame(type.headers, flag.endHeaders, 1, Buffer.of(0x80))],
    ends: code.compressionError,
  },
  { name: '5.1: DATA on an idle stream', frames: [data(1, 'x')], ends: code.protocolError },
  { name: '5.1: RST_STREAM on an idle stream', frames: [rstStream(1, code.cancel)], ends: code.protocolError },
  { name: '5.1: WINDOW_UPDATE on an idle stream', frames: [windowUpdate(1, 1)], ends: code.protocolError },
  {
    name: '5.1: WINDOW_UPDATE on an idle stream of the server',
    frames: [windowUpdate(2, 1)],
    ends: code.protocolError,
  },
  { name: '5.1: PRIORITY on an idle stream', frames: [frame(type.priority, 0, 9, bytes(5))] },
  { name: '5.1: DATA on a half-closed stream', frames: [ended, data(1, 'x')], resets: code.streamClosed },
  {
    name: '5.1: HEADERS on a half-closed stream',
    frames: [ended, headers(1, call(), flag.endStream)],
    resets: code.streamClosed,
  },
  { name: '5.1: WINDOW_UPDATE on a half-closed stream', frames: [ended, windowUpdate(1, 1)] },
  { name: '5.1: PRIORITY on a half-closed stream', frames: [ended, frame(type.priority, 0, 1, bytes(5))] },
  {
    name: '5.1: DATA after RST_STREAM of the client',
    frames: [open, rstStream(1, code.cancel), data(1, 'x')],
    ends: code.streamClosed,
  },
  {
    name: '5.1: HEADERS after RST_STREAM of the client',
    frames: [open, rstStream(1, code.cancel), headers(1, call())],
    ends: code.streamClosed,
  },
  {
    name: '5.1: WINDOW_UPDATE after RST_STREAM of the client',
    frames: [open, rstStream(1, code.cancel), windowUpdate(1, 1)],
  },
  { name: '5.1: RST_STREAM twice', frames: [open, rstStream(1, code.cancel), rstStream(1, code.cancel)] },
  { name: '5.1.1: an even stream', frames: [headers(2, call())], ends: code.protocolError },
  {
    name: '5.1.1: a stream below one that was opened',
    frames: [headers(5, call()), headers(3, call())],
    ends: code.streamClosed,
  },
  {
    name: '5.1.1: DATA on a stream that was skipped',
    frames: [headers(5, call()), data(3, 'x')],
    ends: code.streamClosed,
  },
  { name: '6.1: DATA on stream 0', frames: [data(0, 'x')], ends: code.protocolError },
  { name: '6.1: padding of all DATA', frames: [open, data(1, Buffer.of(3, 0, 0, 0), flag.padded)] },
  {
    name: '6.1: padding longer than DATA',
    frames: [open, data(1, Buffer.of(3, 0, 0), flag.padded)],
    ends: code.protocolError,
  },
  {
    name: '6.1: padded DATA without a length',
    frames: [open, data(1, bytes(0), flag.padded)],
    ends: code.frameSizeError,
  },
  { name: '6.2: HEADERS on stream 0', frames: [headers(0, call())], ends: code.protocolError },
  {
    name: '6.2: padded HEADERS',
    frames: [frame(type.headers, 0xc, 1, Buffer.concat([Buffer.of(2), block(call()), bytes(2)]))],
  },
  {
    name: '6.2: padding longer than HEADERS',
    frames: [frame(type.headers, 0xc, 1, Buffer.of(3, 0, 0))],
    ends: code.protocolError,
  },
  { name: '6.2: padded HEADERS without a length', frames: [frame(type.headers, 0xc, 1)], ends: code.frameSizeError },
  {
    name: '6.2: HEADERS with priority',
    frames: [frame(type.headers, 0x24, 1, Buffer.concat([bytes(5), block(call())]))],
  },
  {
    name: '6.2: HEADERS shorter than its priority',
    frames: [frame(type.headers, 0x24, 1, bytes(4))],
    ends: code.frameSizeError,
  },
  { name: '6.3: PRIORITY on stream 0', frames: [frame(type.priority, 0, 0, bytes(5))], ends: code.protocolError },
  {
    name: '6.3: PRIORITY of 4 bytes',
    frames: [open, frame(type.priority, 0, 1, bytes(4))],
    resets: code.frameSizeError,
  },
  { name: '6.4: RST_STREAM on stream 0', frames: [rstStream(0, code.cancel)], ends: code.protocolError },
  {
    name: '6.4: RST_STREAM of 3 bytes',
    frames: [open, frame(type.rstStream, 0, 1, bytes(3))],
    ends: code.frameSizeError,
  },
  { name: '6.5: SETTINGS on a stream', frames: [frame(type.settings, 0, 1)], ends: code.protocolError },
  { name: '6.5: SETTINGS of 5 bytes', frames: [frame(type.settings, 0, 0, bytes(5))], ends: code.frameSizeError },
  {
    name: '6.5: an acknowledgement with a payload',
    frames: [frame(type.settings, flag.ack, 0, bytes(6))],
    ends: code.frameSizeError,
  },
  { name: '6.5.2: an unknown setting', frames: [settings([0xfa, 0xffffffff])] },
  { name: '6.5.2: ENABLE_PUSH of 2', frames: [settings([setting.enablePush, 2])], ends: code.protocolError },
  {
    name: '6.5.2: INITIAL_WINDOW_SIZE of 2^31',
    frames: [settings([setting.initialWindowSize, 2 ** 31])],
    ends: code.flowControlError,
  },
  {
    name: '6.5.2: MAX_FRAME_SIZE of 16,383',
    frames: [settings([setting.maxFrameSize, 16_383])],
    ends: code.protocolError,
  },
  {
    name: '6.5.2: MAX_FRAME_SIZE of 2^24',
    frames: [settings([setting.maxFrameSize, 2 ** 24])],
    ends: code.protocolError,
  },
  {
    name: '6.6: PUSH_PROMISE',
    frames: [open, frame(type.pushPromise, flag.endHeaders, 1, bytes(4))],
    ends: code.protocolError,
  },
  { name: '6.7: PING of 7 bytes', frames: [ping('seven b')], ends: code.frameSizeError },
  { name: '6.7: PING on a stream', frames: [frame(type.ping, 0, 1, bytes(8))], ends: code.protocolError },
  { name: '6.7: an acknowledgement of no PING', frames: [ping('whatever', flag.ack)] },
  { name: '6.8: GOAWAY on a stream', frames: [frame(type.goaway, 0, 1, bytes(8))], ends: code.protocolError },
  { name: '6.8: GOAWAY of 7 bytes', frames: [frame(type.goaway, 0, 0, bytes(7))], ends: code.frameSizeError },
  {
    name: '6.9: WINDOW_UPDATE of 3 bytes',
    frames: [frame(type.windowUpdate, 0, 0, bytes(3))],
    ends: code.frameSizeError,
  },
  { name: '6.9: WINDOW_UPDATE of 0', frames: [windowUpdate(0, 0)], ends: code.protocolError },
  { name: '6.9: WINDOW_UPDATE of 0 on a stream', frames: [open, windowUpdate(1, 0)], resets: code.protocolError },
  { name: '6.9.1: overflow of the connection', frames: [windowUpdate(0, 0x7fffffff)], ends: code.flowControlError },
  { name: '6.9.1: overflow of a stream', frames: [open, windowUpdate(1, 0x7fffffff)], resets: code.flowControlError },
  {
    name: '6.9.2: a setting makes a stream overflow',
    frames: [open, windowUpdate(1, 1), settings([setting.initialWindowSize, 0x7fffffff])],
    ends: code.flowControlError,
  },
  {
    name: '6.10: CONTINUATION without HEADERS',
    frames: [frame(type.continuation, flag.endHeaders, 1)],
    ends: code.protocolError,
  },
  {
    name: '6.10: CONTINUATION after the end of the headers',
    frames: [open, frame(type.continuation, flag.endHeaders, 1)],
    ends: code.protocolError,
  },
  {
    name: '6.10: CONTINUATION of another stream',
    frames: [frame(type.headers, 0, 1), frame(type.continuation, flag.endHeaders, 3)],
    ends: code.protocolError,
  },
  {
    name: '6.10: DATA before the end of the headers',
    frames: [frame(type.headers, 0, 1), data(1, 'x')],
    ends: code.protocolError,
  },
  {
    name: '6.10: an unknown type before the end of the headers',
    frames: [frame(type.headers, 0, 1), unknownFrame],
    ends: code.protocolError,
  },
  {
    name: '6.10: PING before the end of the headers',
    frames: [frame(type.headers, 0, 1), ping()],
    ends: code.protocolError,
  },
  {
    name: '6.10: a head in pieces',
    frames: [
      frame(type.headers, 0, 1),
      ...Array.from(block(call()).subarray(0, 9), (octet) => frame(type.continuation, 0, 1, Buffer.of(octet))),
      frame(type.continuation, flag.endHeaders, 1, block(call()).subarray(9)),
    ],
  },
  { name: '8.1: trailers end a request', frames: [open, data(1, 'x'), headers(1, [['x-a', 'b']], flag.endStream)] },
  { name: '8.1: trailers without an end', frames: [open, headers(1, [['x-a', 'b']])], resets: code.protocolError },
  {
    name: '8.1: trailers with a pseudo-header',
    frames: [open, headers(1, [[':path', '/']], flag.endStream)],
    resets: code.protocolError,
  },
  {
    name: '8.1.1: content-length that DATA does not come to',
    frames: [headers(1, call({ 'content-length': '3' })), data(1, 'xx', flag.endStream)],
    resets: code.protocolError,
  },
  {
    name: '8.1.1: content-length that DATA exceeds',
    frames: [headers(1, call({ 'content-length': '3' })), data(1, 'xxxx')],
    resets: code.protocolError,
  },
  {
    name: '8.1.1: content-length without DATA',
    frames: [headers(1, call({ 'content-length': '3' }), flag.endStream)],
    resets: code.protocolError,
  },
  {
    name: '8.1.1: content-length as DATA',
    frames: [headers(1, call({ 'content-length': '3' })), data(1, 'xxx', flag.endStream)],
  },
  malformed('no :method', { ':method': undefined }),
  malformed('no :scheme', { ':scheme': undefined }),
  malformed('no :path', { ':path': undefined }),
  malformed('an empty :path', { ':path': '' }),
  malformed('a pseudo-header of answers', { ':status': '200' }),
  malformed('an unknown pseudo-header', { ':what': 'x' }),
  malformed('upper case in a name', { 'X-Upper': 'x' }),
  malformed('an empty name', { '': 'x' }),
  malformed('a space in a name', { 'x y': 'x' }),
  malformed('a line break in a value', { 'x-a': 'b\r\nc: d' }),
  malformed('NUL in a value', { 'x-a': '\0' }),
  malformed('a space before a value', { 'x-a': ' b' }),
  malformed('connection', { connection: 'close' }),
  malformed('transfer-encoding', { 'transfer-encoding': 'chunked' }),
  malformed('upgrade', { upgrade: 'h2c' }),
  malformed('te other than trailers', { te: 'gzip' }),
  { name: '8: :path twice', frames: [headers(1, [...call(), [':path', '/']])], resets: code.protocolError },
  {
    name: '8: a pseudo-header behind a field',
    frames: [headers(1, [['x-a', 'b'], ...call()])],
    resets: code.protocolError,
  },
];

/** What the lane did of its own accord about what it was sent. */
async function outcome(client: RawPeer): Promise<Pick<Case, 'ends' | 'resets'>> {
  await client.settled().catch(() => {});
  const resets = client.frames.find(({ type: kind, stream }) => kind === type.rstStream && stream === 1);
  return {
    ends: client.frames.some(({ type: kind }) => kind === type.goaway) ? (await client.ended()).code : undefined,
    resets: resets?.payload.readUInt32BE(0),
  };
}

test.each(cases.flatMap((each) => [false, true].map((isSplit) => ({ ...each, isSplit }))))(
  'RFC 9113 section $name (in single octets: $isSplit)',
  async ({ frames, ends, resets, isSplit }) => {
    const { dataPlane } = await startRawLane();
    const client = await rawClient(dataPlane);
    // No packet is smaller than an octet, and large frames would take long.
    if (isSplit && Buffer.concat([...frames]).length < 1_000) client.pieceBytes = 1;
    await client.send(...frames);
    client.pieceBytes = Number.POSITIVE_INFINITY;
    expect(await outcome(client)).toEqual({ ends, resets });
  },
);

test.each([
  { name: 'another frame than SETTINGS', first: [preface, ping()] },
  { name: 'an acknowledgement', first: [preface, frame(type.settings, flag.ack, 0)] },
  { name: 'HEADERS', first: [preface, headers(1, call())] },
])('RFC 9113 section 3.4: the preface is not $name', async ({ first }) => {
  const { dataPlane } = await startRawLane();
  const client = new RawPeer(rawConnection(dataPlane.grpc));
  client.socket.write(Buffer.concat(first));
  expect(await client.ended()).toMatchObject({ code: code.protocolError });
});

test('what speaks HTTP/1.1 is answered in it', async () => {
  const { dataPlane } = await startRawLane();
  const socket = rawConnection(dataPlane.grpc);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
});

test('RFC 9113 section 6.7: PING comes back with what was in it', async () => {
  const { dataPlane } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(ping('12345678'));
  const { flags, payload } = await client.next(type.ping);
  expect(flags).toBe(flag.ack);
  expect(payload.toString()).toBe('12345678');
});

test('RFC 9113 section 5.1: frames that were on their way when a stream was reset are ignored', async () => {
  const { dataPlane } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call({ te: 'gzip' })));
  expect(await client.reset(1)).toBe(code.protocolError);
  await client.send(data(1, 'x'), windowUpdate(1, 1), headers(1, [['x-a', 'b']], flag.endStream), rstStream(1, 8));
  await client.settled();
});

test('RFC 9113 section 5.1: after both sides have ended a stream nothing more may come on it', async () => {
  const { dataPlane, instance } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call(), flag.endStream));
  const served = await instance.connection();
  await served.next(type.headers, 1);
  await served.send(headers(1, answerHead), data(1, 'answer'), headers(1, answerTrailers, flag.endStream));
  expect((await client.next(type.headers, 1)).flags & flag.endStream).toBe(0);
  expect((await client.next(type.headers, 1)).flags & flag.endStream).toBe(flag.endStream);
  // Both may have been on their way.
  await client.send(windowUpdate(1, 10), rstStream(1, code.cancel));
  await client.settled();
  await client.send(data(1, 'x'));
  expect(await client.ended()).toEqual({ lastStream: 1, code: code.streamClosed });
});

test('RFC 9113 section 5.1.2: a stream above the limit is refused', async () => {
  const { dataPlane } = await startRawLane();
  const client = await rawClient(dataPlane);
  const tooMany = 2 * defaultGrpcBounds.streams + 1;
  await client.send(
    ...Array.from({ length: defaultGrpcBounds.streams + 1 }, (_, index) => headers(2 * index + 1, call())),
  );
  expect(await client.reset(tooMany)).toBe(code.refusedStream);
  await client.send(rstStream(1, code.cancel), headers(tooMany + 2, call()));
  await client.settled();
  expect(client.frames.filter(({ type: kind }) => kind === type.rstStream)).toEqual([]);
});

test('RFC 9113 section 6.5.2: a header list above 16 KiB is answered 431, and the connection goes on', async () => {
  const { dataPlane } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call({ 'x-large': 'x'.repeat(16_010), 'x-more': 'x' }), flag.endStream));
  await client.send(headers(3, [...call(), ...Array.from({ length: 480 }, () => ['a', 'b'] as const)]));
  for (const stream of [1, 3])
    expect(client.fields(await client.next(type.headers, stream))).toMatchObject({ ':status': '431' });
  expect(await client.reset(3)).toBe(code.noError);
  await client.settled();
});

test('RFC 9113 section 6.8: a client that goes away still gets the answers to its calls', async () => {
  const { dataPlane, instance } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call(), flag.endStream), goaway(0, code.noError));
  const served = await instance.connection();
  await served.next(type.headers, 1);
  await served.send(headers(1, answerHead), headers(1, answerTrailers, flag.endStream));
  expect(client.fields(await client.next(type.headers, 1))).toMatchObject({ ':status': '200' });
  await client.next(type.headers, 1);
  expect(await client.ended()).toEqual({ lastStream: 1, code: code.noError });
});

test('RFC 9113 section 6.8: the lane goes away in two steps, between which calls are still taken', async () => {
  const { dataPlane, instance } = await startRawLane({ timeouts: { drainGraceMs: 1_000 } });
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call(), flag.endStream));
  const served = await instance.connection();
  await served.next(type.headers, 1);
  void dataPlane.stop();
  expect((await client.next(type.goaway)).payload.readUInt32BE(0)).toBe(2 ** 31 - 1);
  // On its way when the client heard of it.
  await client.send(headers(3, call(), flag.endStream));
  expect((await client.next(type.goaway)).payload.readUInt32BE(0)).toBe(3);
  // It was told.
  await client.send(headers(5, call(), flag.endStream));
  await served.next(type.headers, 3);
  for (const stream of [1, 3]) {
    await served.send(headers(stream, answerHead), headers(stream, answerTrailers, flag.endStream));
    await client.next(type.headers, stream);
    await client.next(type.headers, stream);
  }
  await client.gone();
  expect(served.frames.filter(({ stream }) => stream === 5)).toEqual([]);
  expect(client.frames.filter(({ stream }) => stream === 5)).toEqual([]);
});
