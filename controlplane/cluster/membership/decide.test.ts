import { expect, test } from 'vitest';
import { type DescribeResponse, type Plan, Stage } from '../../../proto/gen/micro/nodes/v1/nodes.ts';
import { type Answer, decide } from './decide.ts';
import { makePlan } from './plan.ts';

const nodes = ['a:8083', 'b:8083', 'c:8083'];

function describe(name: string, more: Partial<DescribeResponse> = {}): DescribeResponse {
  return {
    node: `node-${name}`,
    address: `${name}:8083`,
    version: '1',
    peerUrl: `https://${name}:2380`,
    nodes,
    stage: Stage.STAGE_EMPTY,
    plan: undefined,
    ...more,
  };
}

const [a, b, c] = [describe('a'), describe('b'), describe('c')];
const plan = makePlan([a, b, c], 'token');

function answers(...given: readonly (DescribeResponse | readonly [string, string])[]): ReadonlyMap<string, Answer> {
  return new Map(
    given.map((one): readonly [string, Answer] =>
      'node' in one ? [one.address, { description: one }] : [one[0], { reason: one[1] }],
    ),
  );
}

const reasonsOf = (own: DescribeResponse, others: ReadonlyMap<string, Answer>): readonly string[] => {
  const decision = decide(own, others);
  return decision.type === 'wait' ? decision.reasons : [`no wait, but ${decision.type}`];
};

test('when all are there and none has data, the first plans, and the others wait for it', () => {
  expect(decide(a, answers(b, c))).toEqual({ type: 'plan', nodes: [a, b, c] });
  expect(decide(b, answers(a, c)).type).toBe('wait');
  expect(decide(c, answers(a, b)).type).toBe('wait');
});

test('a plan is taken over, and no second one is made, also by the first when it lost its own', () => {
  const forming = { stage: Stage.STAGE_FORMING, plan };
  expect(decide(b, answers({ ...a, ...forming }, c))).toEqual({ type: 'form', plan });
  expect(decide(a, answers({ ...b, ...forming }, c))).toEqual({ type: 'form', plan });
});

test('a plan without the node is none for it', () => {
  const other: Plan = makePlan([a, b], 'token');
  expect(reasonsOf(c, answers({ ...a, stage: Stage.STAGE_FORMING, plan: other }, b))[0]).toContain('is not planned');
  const forming = { ...a, stage: Stage.STAGE_FORMING, plan };
  const wiped = describe('c', { node: 'node-new' });
  expect(reasonsOf(wiped, answers(forming, b))[0]).toContain('is planned as node-c@c:8083');
});

test.each([
  ['one that does not answer', answers(b, ['c:8083', 'it does not answer']), 'c:8083: it does not answer'],
  [
    'one with another list',
    answers(b, describe('c', { nodes: ['b:8083', 'c:8083'] })),
    'was started with other --nodes',
  ],
  ['two of one name', answers(b, describe('c', { node: 'node-b' })), 'are both called node-b'],
])('nothing is formed with %s', (_, others, reason) => {
  expect(reasonsOf(a, others)[0]).toContain(reason);
});

test('a half of the list forms nothing, however it is cut', () => {
  const lost = (address: string) => [address, 'it cannot be reached'] as const;
  expect(decide(a, answers(b, lost('c:8083'))).type).toBe('wait');
  expect(decide(b, answers(a, lost('c:8083'))).type).toBe('wait');
  expect(decide(c, answers(lost('a:8083'), lost('b:8083'))).type).toBe('wait');
  const forming = { ...b, stage: Stage.STAGE_FORMING, plan };
  expect(decide(a, answers(forming, lost('c:8083'))).type).toBe('wait');
});

test('a cluster that is there is joined, whatever the lists and whoever is away', () => {
  const member = describe('b', { stage: Stage.STAGE_MEMBER, plan, nodes: ['b:8083'] });
  expect(decide(a, answers(member, ['c:8083', 'away']))).toEqual({ type: 'join', via: ['b:8083'] });
});

test('of two clusters none is joined', () => {
  const [one, other] = [plan, makePlan([a, b, c], 'token')];
  const members = answers(
    { ...b, stage: Stage.STAGE_MEMBER, plan: one },
    { ...c, stage: Stage.STAGE_MEMBER, plan: other },
  );
  expect(reasonsOf(a, members)[0]).toMatch(/node-b at b:8083, node-c at c:8083 are of different clusters/);
});
