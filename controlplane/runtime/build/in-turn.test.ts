import pLimit from 'p-limit';
import { expect, test, vi } from 'vitest';
import { deferred } from '../instance/deferred.ts';
import { inTurn } from './in-turn.ts';

test('who gives up before its turn has come is told at once, and the next one has its turn', async () => {
  const limit = pLimit(1);
  const first = deferred();
  const done = inTurn(limit, new AbortController().signal, async () => {
    await first.promise;
    return 'first';
  });
  const gone = new AbortController();
  const work = vi.fn<() => Promise<void>>();
  const waiting = inTurn(limit, gone.signal, work);
  const next = inTurn(limit, new AbortController().signal, async () => 'next');
  gone.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('given up');
  first.resolve();
  expect([await done, await next]).toEqual(['first', 'next']);
  expect(work).not.toHaveBeenCalled();
});

test('who gives up once it has begun is waited for', async () => {
  const gone = new AbortController();
  const done = inTurn(pLimit(1), gone.signal, async () => {
    gone.abort();
    return 'done';
  });
  expect(await done).toBe('done');
});
