import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RealEtcd, startRealEtcd } from '../../etcd/contract/real-etcd.ts';
import { hasMark, listStrangers, runtimeMark } from '../instance/mark.ts';
import { helloService, makeFolder, startFixture, writeFiles } from '../runtime.fixture.ts';

/** What somebody does to the one service. A version is called by what it answers. */
type Action =
  | { readonly type: 'run'; readonly text: string; readonly instances: number }
  | { readonly type: 'try'; readonly text: string; readonly percent: number }
  | { readonly type: 'run broken' | 'try broken' | 'promote' | 'roll back' | 'kill' | 'restart' };

/** What should be so then. */
interface Model {
  readonly text: string;
  readonly instances: number;
  readonly history: readonly string[];
  readonly trial?: { readonly text: string; readonly percent: number } | undefined;
}

const versions = 3;
const texts = fc.constantFrom('one', 'two', 'three', 'four');
const instances = fc.integer({ min: 1, max: 3 });
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constant('run' as const), text: texts, instances }),
  fc.record({ type: fc.constant('try' as const), text: texts, percent: fc.integer({ min: 1, max: 99 }) }),
  fc.record({
    type: fc.constantFrom(
      'run broken' as const,
      'try broken' as const,
      'promote' as const,
      'roll back' as const,
      'roll back' as const,
      'restart' as const,
    ),
  }),
  { weight: 1, arbitrary: fc.constant<Action>({ type: 'kill' }) },
);

/** What an action makes of what is so; `undefined` when it is refused or fails. */
function expected(before: Model | undefined, action: Action): { readonly after: Model | undefined } | undefined {
  const inPlace = (text: string, count: number): { readonly after: Model } => {
    const ran = before === undefined ? [] : [before.text, ...before.history];
    return { after: { text, instances: count, history: ran.filter((one) => one !== text).slice(0, versions - 1) } };
  };
  if (action.type === 'run') return inPlace(action.text, action.instances);
  if (action.type === 'restart') return { after: before };
  if (before === undefined || action.type === 'run broken' || action.type === 'try broken') return undefined;
  if (action.type === 'try') {
    const { text, percent } = action;
    return text === before.text ? undefined : { after: { ...before, trial: { text, percent } } };
  }
  if (action.type === 'kill') return { after: undefined };
  if (action.type === 'promote') return before.trial && inPlace(before.trial.text, before.instances);
  const back = before.trial === undefined ? before.history[0] : before.text;
  return back === undefined ? undefined : inPlace(back, before.instances);
}

let etcd: RealEtcd;
beforeAll(async () => {
  etcd = await startRealEtcd();
});
afterAll(() => etcd.stop());

/** What is registered: of each version what it answers, how many instances it has, and the weight of them all together. */
async function routed(client: Etcd3): Promise<Readonly<Record<string, { count: number; weight: number }>>> {
  const found: Record<string, { count: number; weight: number }> = {};
  for (const value of Object.values(await client.getAll().prefix('/micro/registry/').json())) {
    const [node] = (value as { nodes: { address: string; metadata: Record<string, string> }[] }).nodes;
    const text = await (await fetch(`http://${node?.address}/`)).text();
    const { count, weight } = found[text] ?? { count: 0, weight: 0 };
    found[text] = { count: count + 1, weight: weight + Number(node?.metadata['weight'] ?? 1) };
  }
  return found;
}

/** The same, as the model has it; weights are those of one percent where a trial is on. */
function wanted(model: Model | undefined): Readonly<Record<string, { count: number; share: number }>> {
  if (model === undefined) return {};
  const { text, instances: count, trial } = model;
  if (trial === undefined) return { [text]: { count, share: 100 } };
  const { percent } = trial;
  return {
    [text]: { count, share: 100 - percent },
    [trial.text]: { count: Math.ceil((count * percent) / 100), share: percent },
  };
}

test('whatever is done to a service in whatever order, what runs and is registered is what should', async () => {
  const actions = fc.array(action, { minLength: 20, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(actions, async (all) => {
      const folder = await makeFolder();
      const sources = await makeFolder();
      const mark = await runtimeMark(folder.path);
      const options = { etcd: etcd.host, folder: folder.path, limits: { versions } };
      let fixture = await startFixture(options);
      const perform = async (action: Action): Promise<void> => {
        const never = new AbortController().signal;
        const path = join(sources.path, 'hello');
        switch (action.type) {
          case 'run':
          case 'try': {
            await writeFiles(path, helloService(action.text));
            const how = action.type === 'run' ? { instances: action.instances } : { percent: action.percent };
            await fixture.run({ path, ...how });
            return;
          }
          case 'run broken':
          case 'try broken':
            await writeFiles(path, { ...helloService(''), 'server.js': 'process.exit(3)' });
            await fixture.run({ path, ...(action.type === 'try broken' && { percent: 50 }) });
            return;
          case 'promote':
            await fixture.runtime.promote('hello', () => undefined, never);
            return;
          case 'roll back':
            await fixture.runtime.rollback({ service: 'hello' }, () => undefined, never);
            return;
          case 'kill':
            await fixture.runtime.kill('hello');
            return;
          case 'restart':
            await fixture.stop();
            fixture = await startFixture(options);
        }
      };
      try {
        let model: Model | undefined;
        for (const action of all) {
          const next = expected(model, action);
          const failure = await perform(action).then(
            () => undefined,
            (error: unknown) => error,
          );
          expect([action, failure === undefined]).toEqual([action, next !== undefined]);
          if (next !== undefined) model = next.after;

          const settled = async (): Promise<void> => {
            const found = await routed(fixture.client);
            const total = Object.values(found).reduce((sum, { weight }) => sum + weight, 0);
            const shares = Object.entries(found).map(([text, { count, weight }]) => {
              return [text, { count, share: Math.round((100 * weight) / total) }];
            });
            expect(Object.fromEntries(shares)).toEqual(wanted(model));
            const instances = (await fixture.runtime.status()).flatMap((status) => status.instances);
            const pids = instances.map(({ state }) => state.process?.pid);
            const running = listStrangers().filter((entry) => hasMark(entry, mark));
            expect(new Set(running.map(({ pid }) => pid))).toEqual(new Set(pids));
          };
          await vi.waitFor(settled, { timeout: 15_000, interval: 20 });
        }
      } finally {
        await fixture.client.delete().all();
        await fixture.stop();
        await folder.remove();
        await sources.remove();
      }
    }),
    { seed: 1, numRuns: 3, endOnFailure: true },
  );
}, 120_000);
