import { expect, test } from 'vitest';
import {
  answerHead,
  answerTrailers,
  call,
  code,
  data,
  type Frame,
  flag,
  headers,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from './frames.fixture.ts';
import { expectNoFaults, type RawPeer, rawClient, startRawLane } from './raw-peer.fixture.ts';

const trailers = headers(1, answerTrailers, flag.endStream);

/** A call on stream 1, at both ends. */
async function openCall(
  ...first: readonly (readonly [id: number, value: number])[]
): Promise<{ readonly client: RawPeer; readonly served: RawPeer }> {
  const { dataPlane, instance } = await startRawLane();
  const client = await rawClient(dataPlane, ...first);
  await client.send(headers(1, call()));
  const served = await instance.connection();
  await served.next(type.headers, 1);
  return { client, served };
}

/** The DATA that has come, all of one stream. */
function dataOf(peer: RawPeer, stream: number): Buffer {
  const isData = (frame: Frame): boolean => frame.type === type.data && frame.stream === stream;
  return Buffer.concat(peer.frames.filter(isData).map(({ payload }) => payload));
}

const text = (length: number, from = 0): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (from + index) % 251));

test('section 6.9.2: DATA waits for a window of 0, and trailers wait behind it', async () => {
  const { client, served } = await openCall([setting.initialWindowSize, 0]);
  await served.send(headers(1, answerHead), data(1, text(100)), trailers);
  await client.next(type.headers, 1);
  await served.settled();
  await client.settled();
  expect(client.frames.filter(({ stream }) => stream === 1)).toEqual([]);
  await client.send(windowUpdate(1, 60));
  await client.settled();
  expect(dataOf(client, 1)).toEqual(text(60));
  await client.send(windowUpdate(1, 40));
  await client.next(type.headers, 1);
  expect(dataOf(client, 1)).toEqual(text(100));
  expectNoFaults(client, served);
});

test('section 6.9.2: an end without DATA needs no window', async () => {
  const { client, served } = await openCall([setting.initialWindowSize, 0]);
  await served.send(headers(1, answerHead), data(1, '', flag.endStream));
  await client.next(type.headers, 1);
  expect((await client.next(type.data, 1)).flags).toBe(flag.endStream);
});

test('section 6.9.2: a window may fall below 0, and is made up for first', async () => {
  const { client, served } = await openCall([setting.initialWindowSize, 100]);
  await served.send(headers(1, answerHead), data(1, text(300)), trailers);
  await client.next(type.headers, 1);
  await client.next(type.data, 1);
  await client.send(settings([setting.initialWindowSize, 40]));
  await client.next(type.settings);
  // At -60 now.
  await client.send(windowUpdate(1, 60));
  await client.settled();
  expect(dataOf(client, 1)).toEqual(Buffer.alloc(0));
  await client.send(windowUpdate(1, 10));
  await client.settled();
  expect(dataOf(client, 1)).toEqual(text(10, 100));
  await client.send(settings([setting.initialWindowSize, 1_000]));
  await client.next(type.headers, 1);
  expect(dataOf(client, 1)).toEqual(text(200, 100));
  expectNoFaults(client, served);
});

test('section 6.9.1: DATA of all streams waits for the window of the connection', async () => {
  const { client, served } = await openCall([setting.initialWindowSize, 1_000_000]);
  await client.send(headers(3, call()));
  await served.next(type.headers, 3);
  for (const stream of [1, 3]) {
    await served.send(headers(stream, answerHead));
    for (const at of [0, 10_000, 20_000, 30_000]) await served.send(data(stream, text(10_000, at)));
    await served.send(headers(stream, answerTrailers, flag.endStream));
  }
  await served.settled();
  await client.settled();
  expect(dataOf(client, 1).length + dataOf(client, 3).length).toBe(65_535);
  await client.send(windowUpdate(0, 20_000));
  for (const stream of [1, 3]) {
    await client.next(type.headers, stream);
    await client.next(type.headers, stream);
    expect(dataOf(client, stream)).toEqual(text(40_000));
  }
  expectNoFaults(client, served);
});

test('section 6.9: the same windows are kept towards an instance', async () => {
  const { client, served } = await openCall();
  await served.send(settings([setting.initialWindowSize, 100]));
  await served.next(type.settings);
  await client.send(data(1, text(250), flag.endStream));
  await served.next(type.data, 1);
  await served.send(windowUpdate(1, 100));
  await served.next(type.data, 1);
  expect(served.frames.filter(({ type: kind }) => kind === type.data)).toEqual([]);
  await served.send(windowUpdate(1, 100));
  expect(await served.next(type.data, 1)).toMatchObject({ flags: flag.endStream, payload: text(50, 200) });
  expectNoFaults(client, served);
});

test('section 6.9.1: a client that exceeds the window of a stream has that reset', async () => {
  const { client, served } = await openCall();
  // What the instance does not take is not given back.
  await served.send(settings([setting.initialWindowSize, 0]));
  await served.next(type.settings);
  await client.send(...Array.from({ length: 9 }, () => data(1, Buffer.alloc(16_384))));
  expect(await client.reset(1)).toBe(code.flowControlError);
  expect(await served.reset(1)).toBe(code.flowControlError);
  await client.settled();
});

test('section 6.9: padding counts, and is given back', async () => {
  const { client, served } = await openCall();
  const padded = data(1, Buffer.concat([Buffer.of(255), Buffer.alloc(255)]), flag.padded);
  for (let sent = 0; sent < 1_200_000; sent += 200 * 256) {
    await client.send(...Array.from({ length: 200 }, () => padded));
    await client.settled();
  }
  const given = (stream: number): number =>
    client.frames
      .filter((frame) => frame.type === type.windowUpdate && frame.stream === stream)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  expect(given(1)).toBeGreaterThan(1_150_000);
  expect(given(0)).toBeGreaterThan(1_150_000);
  expect(served.frames.filter(({ type: kind }) => kind === type.rstStream)).toEqual([]);
});

test('section 6.9: what was read of a call that was cancelled counts for the connection', async () => {
  const { client, served } = await openCall();
  await served.send(headers(1, answerHead));
  await client.next(type.headers, 1);
  await client.send(rstStream(1, code.cancel));
  expect(await served.reset(1)).toBe(code.cancel);
  // On its way when it was reset.
  for (let sent = 0; sent < 3; sent += 1) await served.send(data(1, Buffer.alloc(16_384)));
  await served.settled();
  expect(served.frames.filter(({ type: kind }) => kind === type.goaway)).toEqual([]);
});
