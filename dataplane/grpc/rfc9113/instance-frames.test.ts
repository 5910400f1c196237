import { expect, test } from 'vitest';
import {
  answerHead,
  answerTrailers,
  block,
  call,
  code,
  data,
  type Fields,
  flag,
  frame,
  goaway,
  headers,
  ping,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from './frames.fixture.ts';
import { type RawPeer, rawClient, startRawInstance, startRawLane, unknownFrame } from './raw-peer.fixture.ts';

/** What an instance sends when it gets a call on stream 1, and what becomes of it. */
interface Case {
  readonly name: string;
  readonly frames: readonly Buffer[];
  /** The connection to the instance ends, with this code (RFC 9113 section 5.4.1). */
  readonly ends?: number | undefined;
  /** Its stream is reset, with this code. */
  readonly resets?: number | undefined;
  /** What the client is told in the end. */
  readonly status: '0' | '13' | '14' | undefined;
}

const bytes = (length: number): Buffer => Buffer.alloc(length);
const head = headers(1, answerHead);
const trailers = headers(1, answerTrailers, flag.endStream);
const answer = [head, data(1, 'answer'), trailers];
const breaks = (name: string, ends: number, ...frames: readonly Buffer[]): Case => ({
  name,
  frames,
  ends,
  status: '14',
});
const malformed = (name: string, fields: Fields): Case => ({
  name: `8: ${name}`,
  frames: [headers(1, fields)],
  resets: code.protocolError,
  status: '13',
});

const cases: readonly Case[] = [
  { name: '4.1: an unknown type is ignored', frames: [unknownFrame, ...answer], status: '0' },
  { name: '6.7: an acknowledgement of no PING', frames: [ping('whatever', flag.ack), ...answer], status: '0' },
  { name: '8.1: trailers only', frames: [headers(1, [...answerHead, ...answerTrailers], flag.endStream)], status: '0' },
  { name: '8.1: an interim answer', frames: [headers(1, [[':status', '103']]), ...answer], status: '0' },
  {
    name: '6.2: padded and with priority',
    frames: [
      frame(type.headers, 0x2c, 1, Buffer.concat([Buffer.of(1), bytes(5), block(answerHead), bytes(1)])),
      data(1, Buffer.concat([Buffer.of(9), bytes(9)]), flag.padded),
      trailers,
    ],
    status: '0',
  },
  {
    name: '6.10: a head in pieces',
    frames: [
      frame(type.headers, 0, 1, block(answerHead).subarray(0, 5)),
      frame(type.continuation, 0, 1),
      frame(type.continuation, flag.endHeaders, 1, block(answerHead).subarray(5)),
      trailers,
    ],
    status: '0',
  },
  {
    name: '5.1: more after both sides have ended it',
    frames: [...answer, windowUpdate(1, 1), rstStream(1, 8)],
    status: '0',
  },
  breaks('4.2: DATA above 16,384', code.frameSizeError, head, data(1, bytes(16_385))),
  breaks('4.3: what is not HPACK', code.compressionError, frame(type.headers, flag.endHeaders, 1, Buffer.of(0x80))),
  breaks('5.1: HEADERS on an idle stream', code.protocolError, headers(3, answerHead)),
  breaks('5.1: HEADERS on a stream of its own', code.protocolError, headers(2, answerHead)),
  breaks('5.1: DATA on an idle stream', code.protocolError, data(3, 'x')),
  breaks('5.1: RST_STREAM on an idle stream', code.protocolError, rstStream(3, code.cancel)),
  breaks('5.1: WINDOW_UPDATE on an idle stream', code.protocolError, windowUpdate(3, 1)),
  breaks('6.1: DATA on stream 0', code.protocolError, data(0, 'x')),
  breaks('6.1: padding longer than DATA', code.protocolError, head, data(1, Buffer.of(1), flag.padded)),
  breaks('6.2: HEADERS on stream 0', code.protocolError, headers(0, answerHead)),
  breaks('6.4: RST_STREAM of 5 bytes', code.frameSizeError, frame(type.rstStream, 0, 1, bytes(5))),
  breaks('6.5: SETTINGS of 5 bytes', code.frameSizeError, frame(type.settings, 0, 0, bytes(5))),
  breaks('6.5.2: ENABLE_PUSH of 1 by a server', code.protocolError, settings([setting.enablePush, 1])),
  breaks('6.5.2: MAX_FRAME_SIZE of 0', code.protocolError, settings([setting.maxFrameSize, 0])),
  breaks('6.6: PUSH_PROMISE', code.protocolError, frame(type.pushPromise, flag.endHeaders, 1, bytes(4))),
  breaks('6.7: PING of 9 bytes', code.frameSizeError, ping('nine byte')),
  breaks('6.9: WINDOW_UPDATE of 0', code.protocolError, windowUpdate(0, 0)),
  breaks('6.9.1: overflow of the connection', code.flowControlError, windowUpdate(0, 0x7fffffff)),
  breaks('6.10: CONTINUATION without HEADERS', code.protocolError, frame(type.continuation, flag.endHeaders, 1)),
  breaks(
    '6.10: HEADERS in the midst of HEADERS',
    code.protocolError,
    frame(type.headers, 0, 1),
    headers(1, answerHead),
  ),
  {
    name: '6.9: WINDOW_UPDATE of 0 on a stream',
    frames: [windowUpdate(1, 0)],
    resets: code.protocolError,
    status: undefined,
  },
  { name: '8.1: DATA before the head', frames: [data(1, 'x')], resets: code.protocolError, status: '13' },
  {
    name: '8.1: trailers that do not end',
    frames: [head, headers(1, answerTrailers)],
    resets: code.protocolError,
    status: '13',
  },
  {
    name: '8.1: an interim answer that ends',
    frames: [headers(1, [[':status', '103']], flag.endStream)],
    resets: code.protocolError,
    status: '13',
  },
  {
    name: '8.1: trailers with a pseudo-header',
    frames: [head, headers(1, [[':status', '200']], flag.endStream)],
    resets: code.protocolError,
    status: '13',
  },
  {
    name: '8.1.1: content-length that DATA exceeds',
    frames: [headers(1, [...answerHead, ['content-length', '3']]), data(1, 'xxxx')],
    resets: code.protocolError,
    status: undefined,
  },
  {
    name: '8.1.1: content-length that DATA does not come to before trailers',
    frames: [headers(1, [...answerHead, ['content-length', '3']]), data(1, 'xx'), trailers],
    resets: code.protocolError,
    status: undefined,
  },
  {
    name: '8.1.1: content-length without DATA',
    frames: [headers(1, [...answerHead, ['content-length', '3']], flag.endStream)],
    resets: code.protocolError,
    status: '13',
  },
  {
    name: '8.1.1: DATA with a status that has no content',
    frames: [headers(1, [[':status', '204']]), data(1, 'x')],
    resets: code.protocolError,
    status: undefined,
  },
  {
    name: '8.1.1: content-length as DATA',
    frames: [headers(1, [...answerHead, ['content-length', '3']]), data(1, 'xxx'), trailers],
    status: '0',
  },
  malformed('content-length that is no number', [...answerHead, ['content-length', 'x']]),
  malformed('no :status', [['content-type', 'application/grpc']]),
  malformed(':status twice', [...answerHead, [':status', '200']]),
  malformed(':status that is no number', [[':status', '2xx']]),
  malformed('101', [[':status', '101']]),
  malformed('a pseudo-header of requests', [...answerHead, [':path', '/']]),
  malformed('upper case in a name', [...answerHead, ['X-Upper', 'x']]),
  malformed('a line break in a value', [...answerHead, ['x-a', 'b\nc']]),
  malformed('connection', [...answerHead, ['connection', 'close']]),
];

test.each(cases.flatMap((each) => [false, true].map((isSplit) => ({ ...each, isSplit }))))(
  'RFC 9113 section $name (in single octets: $isSplit)',
  async ({ frames, ends, resets, status, isSplit }) => {
    const { dataPlane, instance } = await startRawLane();
    const client = await rawClient(dataPlane);
    await client.send(headers(1, call()));
    const served = await instance.connection();
    await served.next(type.headers, 1);
    if (isSplit && Buffer.concat([...frames]).length < 1_000) served.pieceBytes = 1;
    await served.send(...frames);
    expect(await grpcStatus(client)).toBe(status);
    served.pieceBytes = Number.POSITIVE_INFINITY;
    expect(await outcome(served)).toEqual({ ends, resets });
    // The client's connection feels nothing of it.
    await client.settled();
  },
);

/** The status that ends the call on stream 1; undefined for one that is reset. */
async function grpcStatus(client: RawPeer): Promise<string | undefined> {
  const ending = await client.until(({ stream, flags, type: kind }) => {
    const isEnd = kind === type.headers && (flags & flag.endStream) !== 0;
    return stream === 1 && (isEnd || kind === type.rstStream);
  });
  return ending.type === type.headers ? client.fields(ending)['grpc-status'] : undefined;
}

/** What the lane did about what the instance sent; that it wants no more of the request is no matter. */
async function outcome(served: RawPeer): Promise<Pick<Case, 'ends' | 'resets'>> {
  await served.settled().catch(() => {});
  const reset = served.frames.find(({ type: kind }) => kind === type.rstStream)?.payload.readUInt32BE(0);
  return {
    ends: served.frames.some(({ type: kind }) => kind === type.goaway) ? (await served.ended()).code : undefined,
    resets: reset === code.cancel ? undefined : reset,
  };
}

test('RFC 9113 section 3.4: an instance whose first frame is not SETTINGS', async () => {
  const { dataPlane, instance } = await startRawLane({}, await startRawInstance(ping()));
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call()));
  const served = await instance.connection();
  expect(await served.ended()).toEqual({ lastStream: 0, code: code.protocolError });
  expect(await grpcStatus(client)).toBe('14');
});

test('RFC 9113 section 6.8: calls above the last one of GOAWAY are made anew, those below end where they are', async () => {
  const { dataPlane, instance } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call(), flag.endStream), headers(3, call()), data(3, 'asked', flag.endStream));
  const old = await instance.connection();
  await old.next(type.headers, 1);
  await old.next(type.data, 3);
  await old.send(goaway(1, code.noError));
  const young = await instance.connection();
  expect((await young.next(type.data, 1)).payload.toString()).toBe('asked');
  await young.send(headers(1, answerHead), trailers);
  await old.send(headers(1, answerHead), trailers);
  for (const stream of [1, 3]) {
    expect(client.fields(await client.next(type.headers, stream))).toMatchObject({ ':status': '200' });
    expect(client.fields(await client.next(type.headers, stream))).toEqual({ 'grpc-status': '0' });
  }
  expect(await old.ended()).toEqual({ lastStream: 0, code: code.noError });
});

test('RFC 9113 section 6.8: a call that connection after connection goes away from is given up', async () => {
  const { dataPlane, instance } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call(), flag.endStream));
  for (let tries = 0; tries < 3; tries += 1) {
    const served = await instance.connection();
    await served.next(type.headers, 1);
    await served.send(goaway(0, code.noError));
  }
  expect(await grpcStatus(client)).toBe('14');
});

test('RFC 9113 section 8.7: a call that the instance refused is served by another one', async () => {
  const refusing = await startRawInstance();
  const serving = await startRawInstance();
  const { dataPlane } = await startRawLane({}, refusing, serving);
  const client = await rawClient(dataPlane);
  const answerAll = async (): Promise<void> => {
    const peer = await serving.connection();
    peer.onFrame = ({ type: kind, stream }) => {
      if (kind === type.headers) void peer.send(headers(stream, [...answerHead, ...answerTrailers], flag.endStream));
    };
    for (const { type: kind, stream } of peer.frames.filter(({ type: came }) => came === type.headers))
      if (kind === type.headers) void peer.send(headers(stream, [...answerHead, ...answerTrailers], flag.endStream));
  };
  const refuseAll = async (): Promise<void> => {
    const peer = await refusing.connection();
    peer.onFrame = ({ type: kind, stream }) => {
      if (kind === type.headers) void peer.send(rstStream(stream, code.refusedStream));
    };
    for (const { stream } of peer.frames.filter(({ type: came }) => came === type.headers))
      void peer.send(rstStream(stream, code.refusedStream));
  };
  void answerAll();
  void refuseAll();
  for (const stream of [1, 3, 5, 7, 9, 11]) {
    await client.send(headers(stream, call(), flag.endStream));
    expect(client.fields(await client.next(type.headers, stream))).toMatchObject({ 'grpc-status': '0' });
  }
});

test('an instance that takes no calls and closes is not asked again and again', async () => {
  const instance = await startRawInstance(settings([setting.maxConcurrentStreams, 0]));
  const { dataPlane } = await startRawLane({}, instance);
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call(), flag.endStream));
  (await instance.connection()).socket.end();
  expect(await grpcStatus(client)).toBe('14');
});

test('a call waits no longer than so for room at an instance', async () => {
  const instance = await startRawInstance(settings([setting.maxConcurrentStreams, 0]));
  const { dataPlane } = await startRawLane({ timeouts: { roomMs: 50 } }, instance);
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call(), flag.endStream));
  await instance.connection();
  const { 'grpc-message': message, 'grpc-status': status } = client.fields(await client.next(type.headers, 1));
  expect(status).toBe('14');
  expect(message).toMatch(/has as many calls as it takes at once/);
});
