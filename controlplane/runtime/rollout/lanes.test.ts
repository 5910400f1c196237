import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';

/** Work that ends when it is told to, with the reason. */
const untilAborted = async (signal: AbortSignal): Promise<never> => {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
};

test('a second thing done to the same service is refused, and to another is not', async () => {
  const lanes = new Lanes();
  const first = lanes.enter({ service: 'a', what: 'is being run', work: untilAborted });
  await expect(lanes.enter({ service: 'a', what: 'is being killed', work: async () => 1 })).rejects.toMatchObject({
    code: 'conflict',
    message: 'a is being run just now; try again when that is over',
  });
  expect(await lanes.enter({ service: 'b', what: 'is being run', work: async () => 2 })).toBe(2);
  expect(lanes.services()).toEqual(['a']);
  const reason = new Error('enough');
  const failed = first.catch((error: unknown) => error);
  await lanes.interrupt('a', reason);
  expect(await failed).toBe(reason);
  expect(await lanes.enter({ service: 'a', what: 'is being killed', work: async () => 3 })).toBe(3);
});

test('what is done ends with the signal of the one who asked for it, also with one that was aborted before', async () => {
  const lanes = new Lanes();
  const gone = new AbortController();
  const failed = lanes
    .enter({ service: 'a', what: 'is being run', signal: gone.signal, work: untilAborted })
    .catch((error: unknown) => error);
  gone.abort('gone');
  expect(await failed).toBe('gone');
  const work = async (signal: AbortSignal): Promise<boolean> => signal.aborted;
  expect(await lanes.enter({ service: 'a', what: 'is being run', signal: gone.signal, work })).toBe(true);
});

test('everything can be interrupted at once', async () => {
  const lanes = new Lanes();
  const failed = ['a', 'b'].map((service) =>
    lanes.enter({ service, what: 'is being run', work: untilAborted }).catch((error: unknown) => error),
  );
  await lanes.interruptAll(new Error('stopping'));
  expect(await Promise.all(failed)).toEqual([new Error('stopping'), new Error('stopping')]);
  expect(lanes.services()).toEqual([]);
});
