import { expect, test } from 'vitest';
import type { Instance } from '../instance/instance.ts';
import { bringUp } from './bring-up.ts';

const gone = new Error('the caller went away');

/** Brings up one instance that is ready at once, beside one of weight 1 that gets 9; `commit` ends the wait of the caller. */
async function bringUpOne(commit: (leave: AbortController) => Promise<void>) {
  const leave = new AbortController();
  const stopped: unknown[] = [];
  const weights: number[] = [];
  const instance = { ready: async () => undefined, route: async () => undefined } as unknown as Instance;
  const other = { weight: 1, setWeight: async (weight: number) => void weights.push(weight) } as unknown as Instance;
  const failure = await bringUp({
    fleet: { stop: async (instances) => void stopped.push(...instances) },
    start: () => [instance],
    heavier: [{ instance: other, weight: 9 }],
    onReady: () => undefined,
    commit: () => commit(leave),
    signal: leave.signal,
  }).catch((error: unknown) => error);
  return { failure, stopped, instance, weights };
}

test('a caller that leaves while it is written down what should run does not end what should run', async () => {
  const { failure, stopped, weights } = await bringUpOne(async (leave) => leave.abort(gone));
  expect(failure).toBeUndefined();
  expect(stopped).toEqual([]);
  expect(weights).toEqual([9]);
});

test('what the store refuses is stopped, and what ran before has the weight of before', async () => {
  const refused = new Error('the deployment was changed by somebody else');
  const { failure, stopped, instance, weights } = await bringUpOne(async () => {
    throw refused;
  });
  expect(failure).toBe(refused);
  expect(stopped).toEqual([instance]);
  expect(weights).toEqual([9, 1]);
});
