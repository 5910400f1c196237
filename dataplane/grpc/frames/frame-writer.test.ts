import { expect, test } from 'vitest';
import type { SocketWriter } from '../../sockets/socket-writer.ts';
import { WriteBatch } from '../../sockets/write-batch.ts';
import { FrameWriter } from './frame-writer.ts';

test('frames that have to wait take no more room than they need', () => {
  const written: Uint8Array[] = [];
  const full: Pick<SocketWriter, 'isDone' | 'bytes'> = {
    isDone: false,
    bytes: (bytes) => written.push(bytes) < 0,
  };
  const frames = new FrameWriter(full as SocketWriter, new WriteBatch());
  for (let count = 0; count < 100; count += 1) {
    frames.ping(true, Buffer.from('pingpong'), 0);
    frames.release();
  }
  expect(frames.isCongested).toBe(true);
  expect(written).toHaveLength(100);
  const held = new Set(written.map(({ buffer }) => buffer));
  expect([...held].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(100 * 1024);
});
