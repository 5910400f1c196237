import { expect, test } from 'vitest';
import type { Instance } from '../instance/instance.ts';
import { bringUp } from './bring-up.ts';
import type { Fleet } from './fleet.ts';

const gone = new Error('the caller went away');

/** Brings up one instance that is ready at once; `commit` is given what ends the wait of the caller. */
async function bringUpOne(commit: (leave: AbortController) => Promise<void>) {
  const leave = new AbortController();
  const stopped: unknown[] = [];
  const instance = { ready: async () => undefined, route: async () => undefined } as unknown as Instance;
  const fleet = {
    async stop(instances: readonly Instance[]) {
      stopped.push(...instances);
    },
  } as unknown as Fleet;
  const failure = await bringUp({
    fleet,
    start: () => [instance],
    onReady: () => undefined,
    commit: () => commit(leave),
    signal: leave.signal,
  }).catch((error: unknown) => error);
  return { failure, stopped, instance };
}

test('a caller that leaves while it is written down what should run does not end what should run', async () => {
  const { failure, stopped } = await bringUpOne(async (leave) => leave.abort(gone));
  expect(failure).toBeUndefined();
  expect(stopped).toEqual([]);
});

test('what the store refuses is stopped', async () => {
  const refused = new Error('the deployment was changed by somebody else');
  const { failure, stopped, instance } = await bringUpOne(async () => {
    throw refused;
  });
  expect(failure).toBe(refused);
  expect(stopped).toEqual([instance]);
});
