import { expect, test } from 'vitest';
import {
  answerHead,
  answerTrailers,
  block,
  call,
  code,
  data,
  type Frame,
  flag,
  frame,
  headers,
  literals,
  ping,
  preface,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from './frames.fixture.ts';
import { rawConnection } from '../../data-plane.fixture.ts';
import { type RawInstance, RawPeer, rawClient, startRawLane } from './raw-peer.fixture.ts';

/** An instance that answers each call when its head has come. */
async function answering(instance: RawInstance): Promise<RawPeer> {
  const served = await instance.connection();
  const answer = (stream: number): void =>
    void served.send(headers(stream, [...answerHead, ...answerTrailers], flag.endStream));
  for (const { type: kind, stream } of served.frames) if (kind === type.headers) answer(stream);
  served.onFrame = ({ type: kind, stream }) => {
    if (kind === type.headers) answer(stream);
  };
  return served;
}

/** Repeats what `make` gives for as many odd stream identifiers. */
const streams = (count: number, make: (stream: number) => readonly Buffer[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(2 * index + 1)).flat());

const repeated = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

const open = headers(1, call());

const floods: readonly { readonly name: string; readonly flood: Buffer }[] = [
  {
    name: 'calls that are reset at once (CVE-2023-44487)',
    flood: streams(2_000, (stream) => [headers(stream, call()), rstStream(stream, code.cancel)]),
  },
  {
    name: 'calls that the lane has to reset (CVE-2025-8671)',
    flood: streams(2_000, (stream) => [headers(stream, call()), windowUpdate(stream, 0)]),
  },
  { name: 'malformed calls', flood: streams(2_000, (stream) => [headers(stream, call({ te: 'gzip' }))]) },
  {
    name: 'empty CONTINUATION (CVE-2024-27316)',
    flood: Buffer.concat([frame(type.headers, 0, 1), repeated(100, frame(type.continuation, 0, 1))]),
  },
  {
    name: 'CONTINUATION',
    flood: Buffer.concat([
      frame(type.headers, 0, 1),
      repeated(20, frame(type.continuation, 0, 1, Buffer.alloc(16_384))),
    ]),
  },
  { name: 'SETTINGS (CVE-2019-9515)', flood: repeated(1_000, settings()) },
  { name: 'PING (CVE-2019-9512)', flood: repeated(5_000, ping()) },
  { name: 'PRIORITY', flood: repeated(20_000, frame(type.priority, 0, 1, Buffer.alloc(5))) },
  { name: 'WINDOW_UPDATE', flood: repeated(300_000, windowUpdate(0, 1)) },
  { name: 'DATA of one byte', flood: Buffer.concat([open, repeated(20_000, data(1, 'x'))]) },
  { name: 'DATA of none (CVE-2019-9518)', flood: Buffer.concat([open, repeated(20_000, data(1, ''))]) },
  { name: 'padding alone', flood: Buffer.concat([open, repeated(20_000, data(1, Buffer.of(1, 0), flag.padded))]) },
];

test.each(floods)('a flood of $name ends the connection, and no other', async ({ flood }) => {
  const { dataPlane, instance } = await startRawLane();
  const other = await rawClient(dataPlane);
  const attacker = await rawClient(dataPlane);
  await attacker.send(flood);
  await other.send(headers(1, call(), flag.endStream));
  const [ended] = await Promise.all([attacker.ended(), answering(instance)]);
  expect(ended).toMatchObject({ code: code.enhanceYourCalm });
  expect(other.fields(await other.next(type.headers, 1))).toMatchObject({ 'grpc-status': '0' });
});

test('a header block that grows in the decoder is too large, and nothing worse', async () => {
  const { dataPlane } = await startRawLane();
  // It never acknowledges the lane's SETTINGS, and so has a table.
  const client = new RawPeer(rawConnection(dataPlane.grpc));
  await client.send(preface, settings());
  const entry = literals([['x-large', 'x'.repeat(3_900)]]);
  entry[0] = 0x40;
  // The entry goes on top of the table, at index 62, and from there ten thousand times over: 40 MB.
  const bomb = Buffer.concat([literals(call()), entry, Buffer.alloc(10_000, 0x80 | 62)]);
  await client.send(frame(type.headers, flag.endHeaders | flag.endStream, 1, bomb));
  expect(client.fields(await client.next(type.headers, 1))).toMatchObject({ ':status': '431' });
  await client.settled();
});

test('answers that a client leaves behind windows of 0 are held as far as the windows of the lane go, and not for ever', async () => {
  const { dataPlane, instance } = await startRawLane({ timeouts: { idleMs: 100 } });
  const client = await rawClient(dataPlane, [setting.initialWindowSize, 0]);
  await client.send(open);
  const served = await instance.connection();
  await served.next(type.headers, 1);
  await served.send(headers(1, answerHead), ...Array.from({ length: 3 }, () => data(1, Buffer.alloc(16_384))));
  await client.next(type.headers, 1);
  expect(await served.reset(1)).toBe(code.cancel);
  expect(served.frames.filter(({ type: kind, stream }) => kind === type.windowUpdate && stream === 1)).toEqual([]);
  expect(await client.reset(1)).toBe(code.cancel);
  expect(await client.ended()).toMatchObject({ code: code.noError });
});

test('a client that takes a little of its answer now and then is waited for', async () => {
  const { dataPlane, instance } = await startRawLane({ timeouts: { idleMs: 50 } });
  const client = await rawClient(dataPlane, [setting.initialWindowSize, 0]);
  await client.send(open, headers(3, call()));
  const served = await instance.connection();
  for (const stream of [1, 3]) {
    await served.next(type.headers, stream);
    await served.send(headers(stream, answerHead), data(stream, Buffer.alloc(16_384)));
    await served.send(headers(stream, answerTrailers, flag.endStream));
    await client.next(type.headers, stream);
  }
  // As long as it takes until the other answer, of which it takes nothing, is given up.
  let taken = 0;
  for (; !client.frames.some(({ type: kind }) => kind === type.rstStream); taken += 1) {
    await client.send(windowUpdate(1, 1));
    await client.next(type.data, 1);
  }
  expect(await client.reset(3)).toBe(code.cancel);
  await client.send(windowUpdate(1, 16_384 - taken));
  expect(client.fields(await client.next(type.headers, 1))).toEqual({ 'grpc-status': '0' });
});

test('a client that reads nothing of its answers is let go', async () => {
  const { dataPlane, instance } = await startRawLane({ timeouts: { idleMs: 100, lingerMs: 10 } });
  const client = await rawClient(dataPlane, [setting.initialWindowSize, 0x7fffffff]);
  await client.send(windowUpdate(0, 0x7fff0000 - 65_535), open);
  client.socket.pause();
  const served = await instance.connection();
  await served.next(type.headers, 1);
  served.onFrame = ({ type: kind, stream, payload }) => {
    if (kind !== type.windowUpdate || stream !== 1) return;
    for (let bytes = payload.readUInt32BE(0); bytes > 0; bytes -= 16_384)
      void served.send(data(1, Buffer.alloc(Math.min(bytes, 16_384))));
  };
  await served.send(headers(1, answerHead), ...Array.from({ length: 6 }, () => data(1, Buffer.alloc(16_384))));
  expect(await served.reset(1)).toBe(code.cancel);
  await expect
    .poll(() => dataPlane.metrics.getSingleMetricAsString('micro_open_connections'))
    .toMatch(/entrypoint="grpc"} 0/);
});

test.each([
  { name: 'half a frame', bytes: headers(1, call()).subarray(0, 20) },
  { name: 'half a header block', bytes: frame(type.headers, 0, 1, block(call())) },
])('$name, and then nothing, is not waited for longer than an idle connection', async ({ bytes }) => {
  const { dataPlane } = await startRawLane({ timeouts: { idleMs: 50 } });
  const client = await rawClient(dataPlane);
  client.socket.write(bytes);
  expect(await client.ended()).toEqual({ lastStream: 0, code: code.noError });
});

test('a client that reads nothing is read no more, until it reads', async () => {
  const { dataPlane } = await startRawLane();
  const client = await rawClient(dataPlane);
  client.socket.pause();
  const count = 60_000;
  const unknown = literals(call({ ':path': `/${'x'.repeat(200)}/Hello` }));
  const first = frame(type.headers, 5, 1, Buffer.concat([Buffer.of(0x20), unknown]));
  await client.send(
    first,
    streams(count, (stream) => (stream === 1 ? [] : [frame(type.headers, 5, stream, unknown)])),
  );
  const answered = async (): Promise<number> => {
    const text = await dataPlane.metrics.getSingleMetricAsString('micro_entrypoint_requests_total');
    return Number(/{.*entrypoint="grpc".*} (\d+)/.exec(text)?.[1] ?? 0);
  };
  let before = -1;
  await expect
    .poll(async () => {
      const now = await answered();
      const goesOn = now === 0 || now !== before;
      before = now;
      return goesOn;
    })
    .toBe(false);
  expect(before).toBeLessThan(count);
  client.socket.resume();
  await client.next(type.headers, 2 * count - 1);
  expect(client.frames.filter(({ type: kind }) => kind === type.headers)).toHaveLength(count - 1);
});

test('what is said of a path is short, however long that is', async () => {
  const { dataPlane } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(headers(1, call({ ':path': `/${'x'.repeat(8_000)}/Hello` }), flag.endStream));
  const answer = await client.next(type.headers, 1);
  expect(answer.payload.length).toBeLessThan(500);
  expect(client.fields(answer)).toMatchObject({ 'grpc-status': '12' });
});

test('of as many calls as a client may have, as much is held as windows allow, and then sent', async () => {
  const { dataPlane, instance } = await startRawLane();
  const client = await rawClient(dataPlane, [setting.initialWindowSize, 0]);
  const ids = Array.from({ length: 250 }, (_, index) => 2 * index + 1);
  await client.send(...ids.map((stream) => headers(stream, call())));
  const served = await instance.connection();
  await served.next(type.headers, ids.at(-1));
  for (const stream of ids) {
    await served.send(headers(stream, answerHead));
    for (const bytes of [16_384, 16_384, 16_384, 16_383]) await served.send(data(stream, Buffer.alloc(bytes, stream)));
    await served.send(data(stream, '', flag.endStream));
    await served.settled();
  }
  await client.settled();
  const given = (peer: RawPeer): boolean =>
    peer.frames.some((each) => each.type === type.windowUpdate && each.stream > 0);
  expect(given(served)).toBe(false);
  expect(client.frames.filter(({ type: kind }) => kind === type.data)).toEqual([]);
  await client.send(windowUpdate(0, 250 * 65_535), settings([setting.initialWindowSize, 65_535]));
  for (const stream of ids) {
    const isData = (each: Frame): boolean => each.stream === stream && each.type === type.data;
    const last = await client.until((each) => isData(each) && each.flags === flag.endStream);
    const came = Buffer.concat([...client.frames.filter(isData), last].map(({ payload }) => payload));
    expect(came.equals(Buffer.alloc(65_535, stream))).toBe(true);
  }
  expect(client.faults).toEqual([]);
});
