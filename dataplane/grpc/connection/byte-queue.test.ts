import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteQueue } from './byte-queue.ts';

test('what was put in comes out, whatever the pieces', () => {
  const piece = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 9_000 }));
  const step = fc.record({ kind: fc.constantFrom('push', 'shift'), bytes: piece });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue();
      let count = 0;
      let waiting = Buffer.alloc(0);
      for (const { kind, bytes } of steps) {
        if (kind === 'push') {
          const pushed = Buffer.from(Array.from({ length: bytes + 2 }, () => (count += 1) % 256));
          queue.push(pushed, 1, bytes + 1);
          waiting = Buffer.concat([waiting, pushed.subarray(1, bytes + 1)]);
        } else {
          const taken = Math.min(bytes, queue.first().length);
          queue.shift(taken);
          waiting = waiting.subarray(taken);
        }
        expect(queue.length).toBe(waiting.length);
        expect(Buffer.concat(queue.pieces()).equals(waiting)).toBe(true);
        const first = queue.first();
        expect(first.equals(waiting.subarray(0, first.length))).toBe(true);
        expect(first.length > 0).toBe(waiting.length > 0);
      }
    }),
    { seed: 9113, numRuns: 200 },
  );
});

test('short pieces are put together', () => {
  const queue = new ByteQueue();
  for (let count = 0; count < 65_535; count += 1) queue.push(Buffer.of(count), 0, 1);
  expect(queue.pieces().length).toBeLessThan(40);
});
