import { status } from '@grpc/grpc-js';
import { describe, expect } from 'vitest';
import { forgetPeak, peakResidentBytes, residentBytes } from '../bench/resident-memory.ts';
import { metadataKeys, methods, type Outcome, type Pair } from './echo/echo.types.ts';
import type { Library } from './echo/instance.ts';
import { test } from './echo/test.ts';

const mebibyte = 1024 * 1024;
const bytes = Buffer.from([0, 255, 10, 13, 128]).toString('base64');
const moreBytes = Buffer.from(', ').toString('base64');
const metadata: readonly Pair[] = [
  ['x-head-text', 'a value, and another: "%20"'],
  ['x-head-bytes-bin', bytes],
  ['x-tail-twice', 'first'],
  ['x-tail-twice', 'second'],
  ['x-tail-twice-bin', bytes],
  ['x-tail-twice-bin', moreBytes],
];
const answered: Outcome = {
  code: status.OK,
  details: '',
  sizes: [],
  intact: true,
  initial: { 'x-head-text': 'a value, and another: "%20"', 'x-head-bytes-bin': bytes, 'x-head-instance': 'one' },
  trailing: { 'x-tail-twice': 'first, second', 'x-tail-twice-bin': `${bytes}, ${moreBytes}` },
};

const pairs: readonly (readonly [client: Library, instance: Library])[] = [
  ['grpc-js', 'grpc-js'],
  ['grpc-js', 'grpcio'],
  ['grpcio', 'grpc-js'],
  ['grpcio', 'grpcio'],
];

describe.for(pairs)('a client on %s and an instance on %s', ([client, library]) => {
  // grpc-js says so.
  const ok: Outcome = { ...answered, details: library === 'grpc-js' ? 'OK' : '' };

  test('calls of each kind are answered, with their metadata', async ({ server, echo }) => {
    await echo.instance(server, library);
    const { call } = echo.client(server, client);
    expect(await call({ path: methods.unary, sizes: [5], metadata })).toEqual({ ...ok, sizes: [5] });
    const thrice = [...metadata, [metadataKeys.times, '3'] as const];
    expect(await call({ path: methods.repeat, sizes: [5], metadata: thrice })).toEqual({ ...ok, sizes: [5, 5, 5] });
    expect(await call({ path: methods.join, sizes: [1, 2, 3], metadata })).toEqual({ ...ok, sizes: [6] });
    expect(await call({ path: methods.each, sizes: [1, 0, 3], metadata })).toEqual({ ...ok, sizes: [1, 0, 3] });
  });

  test('metadata of 8 KiB arrive whole, there and back', async ({ server, echo }) => {
    await echo.instance(server, library);
    const { call } = echo.client(server, client);
    const long = 'x'.repeat(8 * 1024);
    const { code, initial } = await call({ path: methods.unary, sizes: [5], metadata: [['x-head-long', long]] });
    expect([code, initial['x-head-long']]).toEqual([status.OK, long]);
  });

  test('streams without a message end well', async ({ server, echo }) => {
    await echo.instance(server, library);
    const { call } = echo.client(server, client);
    const never = [...metadata, [metadataKeys.times, '0'] as const];
    expect(await call({ path: methods.repeat, sizes: [5], metadata: never })).toEqual(ok);
    expect(await call({ path: methods.join, sizes: [], metadata })).toEqual({ ...ok, sizes: [0] });
    expect(await call({ path: methods.each, sizes: [], metadata })).toEqual(ok);
  });

  test('messages of no byte, 4 MiB and 64 MiB arrive whole, and are not kept', async ({ server, echo }) => {
    await echo.instance(server, library);
    const { call } = echo.client(server, client);
    const before = await residentBytes(server.pid);
    await forgetPeak(server.pid);
    for (const size of [0, 4 * mebibyte, 64 * mebibyte])
      expect(await call({ path: methods.unary, sizes: [size], metadata })).toEqual({ ...ok, sizes: [size] });
    expect((await peakResidentBytes(server.pid)) - before).toBeLessThan(48 * mebibyte);
  });

  test('compressed messages arrive whole, one by one and as a stream', async ({ server, echo }) => {
    await echo.instance(server, library, { gzip: true });
    const { call } = echo.client(server, client);
    for (const path of [methods.unary, methods.each])
      expect(await call({ path, sizes: [mebibyte], metadata, gzip: true })).toEqual({ ...ok, sizes: [mebibyte] });
  });

  test('an error arrives with its message and its details, byte for byte', async ({ server, echo }) => {
    await echo.instance(server, library);
    const { call } = echo.client(server, client);
    // Every byte there is, as often as fits into 4 KiB.
    const details = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256)).toString('base64');
    const failing: readonly Pair[] = [
      ['x-tail-twice', 'first'],
      [metadataKeys.failWith, String(status.RESOURCE_EXHAUSTED)],
      [metadataKeys.failMessage, Buffer.from('100 % used up: zażółć\n').toString('base64')],
      [metadataKeys.failDetails, details],
    ];
    expect(await call({ path: methods.unary, sizes: [5], metadata: failing })).toEqual({
      ...answered,
      code: status.RESOURCE_EXHAUSTED,
      details: '100 % used up: zażółć\n',
      initial: {},
      trailing: { 'grpc-status-details-bin': details, 'x-tail-twice': 'first' },
    });
  });

  test('10,000 calls go over one connection, 100 at a time', async ({ server, echo }) => {
    await echo.instance(server, library);
    const { repeat } = echo.client(server, client);
    expect(await repeat({ path: methods.unary, sizes: [16] }, 10_000, 100)).toEqual({ [status.OK]: 10_000 });
    const metrics = await (await fetch(`http://${server.addresses.admin}/metrics`)).text();
    expect(metrics).toContain('micro_open_connections{entrypoint="grpc"} 1\n');
  });

  test('a call that the client cancels ends at the instance, and so does one out of time', async ({ server, echo }) => {
    const { held } = await echo.instance(server, library);
    const { call } = echo.client(server, client);
    expect(await call({ path: methods.hold, sizes: [5], timeoutMs: 200 })).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    await expect.poll(() => held, { timeout: 10_000 }).toEqual({ holding: 1, cancelled: 1 });
    const endless = [[metadataKeys.times, '1000000'] as const];
    const cancelled = await call({ path: methods.repeat, sizes: [5], metadata: endless, cancelAfter: 3 });
    expect(cancelled.code).toBe(status.CANCELLED);
  });
});
