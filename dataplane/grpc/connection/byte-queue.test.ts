import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteQueue } from './byte-queue.ts';

const contentOf = (queue: ByteQueue): Buffer =>
  Buffer.concat(Array.from(queue.parts, ({ bytes, start, end }) => bytes.subarray(start, end)));

test('what was pushed comes out in its order, in whatever portions', () => {
  const push = fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ kind: 'push', bytes }) as const);
  const drop = fc.nat({ max: 60 }).map((count) => ({ kind: 'drop', count }) as const);
  fc.assert(
    fc.property(fc.array(fc.oneof(push, drop), { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue();
      let expected = Buffer.alloc(0);
      for (const step of steps) {
        if (step.kind === 'push') {
          const bytes = Buffer.from(step.bytes);
          queue.push(bytes, 0, bytes.length);
          expected = Buffer.concat([expected, bytes]);
          // What was read is overwritten by the next reading.
          bytes.fill(0);
        } else if (queue.first !== undefined) {
          const count = Math.min(step.count, queue.first.end - queue.first.start);
          queue.drop(count);
          expected = expected.subarray(count);
        }
        expect(queue.length).toBe(expected.length);
        expect(contentOf(queue)).toEqual(expected);
      }
    }),
    { seed: 9113, numRuns: 200 },
  );
});

test('small portions share pieces', () => {
  const queue = new ByteQueue();
  const message = Buffer.from('12345');
  for (let count = 0; count < 13_107; count += 1) queue.push(message, 0, message.length);
  let room = 0;
  let pieces = 0;
  for (const { bytes } of queue.parts) {
    room += bytes.length;
    pieces += 1;
  }
  expect(pieces).toBeLessThan(20);
  expect(room).toBeLessThan(2 * queue.length);
});

test('one portion has a piece of its own length', () => {
  const queue = new ByteQueue();
  queue.push(Buffer.from('a message'), 2, 9);
  expect(queue.first?.bytes.length).toBe(7);
  queue.clear();
  expect([queue.length, queue.first]).toEqual([0, undefined]);
});
