import { describe, expect, test } from 'vitest';
import { type Delta, Protocol, type Snapshot } from '../../proto/gen/micro/routes/v1/routes.ts';
import { service, snapshotWith } from '../data-plane.fixture.ts';
import type { InstanceState } from './instance-state.ts';
import { PresentTable } from './present.ts';

const greeter = service('go.micro.api.greeter', ['127.0.0.1:1001']);
const users = service('go.micro.service.users', ['127.0.0.1:1002', 'unix:/run/users.sock']);

function presentAt(revision: bigint): PresentTable {
  const present = new PresentTable('/data/routes.last-good');
  present.apply({ $case: 'snapshot', value: snapshotWith([greeter, users], { revision }) });
  return present;
}

const delta = (changes: Partial<Delta>): { $case: 'delta'; value: Delta } => ({
  $case: 'delta',
  value: { clusterId: 1n, baseRevision: 5n, revision: 6n, changed: [], removed: [], ...changes },
});
const snapshot = (changes: Partial<Snapshot>): { $case: 'snapshot'; value: Snapshot } => ({
  $case: 'snapshot',
  value: snapshotWith([greeter], changes),
});

test('a delta replaces what changed, drops what is gone and shares the rest', () => {
  const present = presentAt(5n);
  const before = present.table;
  const changed = service('go.micro.api.greeter', ['127.0.0.1:2001']);
  present.apply(delta({ changed: [changed], removed: ['go.micro.nobody'] }));
  expect(present.revision).toBe(6n);
  expect(present.table?.services.get('go.micro.api.greeter')?.definition).toBe(changed);
  expect(present.table?.services.get('go.micro.service.users')).toBe(before?.services.get('go.micro.service.users'));
  expect(before?.services.get('go.micro.api.greeter')?.definition).toBe(greeter);

  present.apply(delta({ baseRevision: 6n, revision: 7n, removed: ['go.micro.service.users'] }));
  expect([...(present.table?.services ?? [])].map(({ name }) => name)).toEqual(['go.micro.api.greeter']);
});

test('the state of an instance outlives tables', () => {
  const present = presentAt(5n);
  const stateOf = () => present.table?.services.get('go.micro.api.greeter')?.pickers.any.instances[0]?.state;
  const before = stateOf();
  present.apply(snapshot({ revision: 9n }));
  expect(stateOf()).toBe(before);
});

test('the budget for retries of a service outlives tables', () => {
  const present = presentAt(5n);
  const budgetOf = () => present.table?.services.get('go.micro.api.greeter')?.retries;
  const before = budgetOf();
  present.apply(delta({ changed: [service('go.micro.api.greeter', ['127.0.0.1:2001'])] }));
  expect(budgetOf()).toBe(before);
  present.apply(snapshot({ revision: 9n }));
  expect(budgetOf()).toBe(before);
});

test('a health check that cannot be made is refused', () => {
  const good = { path: '/healthz', intervalMs: 1, timeoutMs: 1, pass: 1, fail: 1 };
  for (const wrong of [
    { path: 'healthz' },
    { path: '/a b' },
    { intervalMs: 0 },
    { timeoutMs: 0 },
    { pass: 0 },
    { fail: 0 },
  ]) {
    const changed = [service('go.micro.api.greeter', ['127.0.0.1:1'], { healthCheck: { ...good, ...wrong } })];
    expect(() => presentAt(5n).apply(delta({ changed }))).toThrow('has a health check that cannot be made');
  }
});

describe('what leaves the table with calls in flight', () => {
  const address = '127.0.0.1:1002';
  function presentWithCall() {
    const present = presentAt(5n);
    const drained: string[] = [];
    present.draining.onDrained((left) => drained.push(left));
    const state = present.table?.services.get(users.name)?.instances[0]?.state as InstanceState;
    state.begin();
    return { present, state, drained, draining: present.draining.addresses };
  }

  test('drains until the last of them has ended', () => {
    const { present, state, drained, draining } = presentWithCall();
    state.begin();
    present.apply(delta({ removed: [users.name] }));
    expect([...draining]).toEqual([address]);
    state.end();
    expect(drained).toEqual([]);
    state.end();
    expect([...draining]).toEqual([]);
    expect(drained).toEqual([address]);
  });

  test('drains too when a snapshot lacks it', () => {
    const { present, draining } = presentWithCall();
    present.apply(snapshot({ revision: 6n }));
    expect([...draining]).toEqual([address]);
  });

  test('does not drain when it is back before they end', () => {
    const { present, state, drained, draining } = presentWithCall();
    present.apply(delta({ removed: [users.name] }));
    present.apply(delta({ baseRevision: 6n, revision: 7n, changed: [users] }));
    expect([...draining]).toEqual([]);
    state.end();
    expect(drained).toEqual([]);
  });

  test('does not drain as long as another service has its address, or its own in another version', () => {
    const { present, draining } = presentWithCall();
    const other = service('go.micro.api.other', [address]);
    present.apply(delta({ changed: [other, service(users.name, [address], { version: 'v2', weight: 0 })] }));
    present.apply(delta({ baseRevision: 6n, revision: 7n, removed: [users.name] }));
    expect([...draining]).toEqual([]);
    present.apply(delta({ baseRevision: 7n, revision: 8n, changed: [service(other.name, ['127.0.0.1:9'])] }));
    expect([...draining]).toEqual([address]);
  });
});

test('the same revision is applied again, an older one is refused', () => {
  const present = presentAt(5n);
  present.apply(snapshot({ revision: 5n }));
  expect([...(present.table?.services ?? [])]).toHaveLength(1);
  expect(() => present.apply(snapshot({ revision: 4n }))).toThrow('revision 4 is older than 5');
  expect(() => present.apply(delta({ revision: 4n }))).toThrow('revision 4 is older than 5');
  expect(present.revision).toBe(5n);
});

test('a delta on another revision than the present one is refused', () => {
  expect(() => presentAt(5n).apply(delta({ baseRevision: 4n }))).toThrow('the delta is on revision 4, and 5 is served');
  expect(() => new PresentTable('').apply(delta({}))).toThrow('the delta is on revision 5, and none is served');
});

test('a table of another cluster is refused with what to remove', () => {
  const present = presentAt(5n);
  expect(() => present.apply(snapshot({ clusterId: 2n, revision: 9n }))).toThrow('remove /data/routes.last-good');
  expect(() => present.apply(delta({ clusterId: 2n }))).toThrow('cluster 2');
  expect(present.table?.clusterId).toBe(1n);
});

test('an inconsistent snapshot is refused with every problem', () => {
  const present = presentAt(5n);
  const twice = service('go.micro.api.twice', ['127.0.0.1:1', 'nowhere', '127.0.0.1:0'], { id: 'same' });
  const odd = service('go.micro.api.odd', ['127.0.0.1:1'], { protocol: Protocol.PROTOCOL_UNSPECIFIED });
  const prefixes = [
    { path: '/api/', namespace: 'go.micro.api', web: false },
    { path: '/api/', namespace: 'go.micro.web', web: false },
    { path: 'web', namespace: 'go.micro.web.', web: true },
  ];
  const update = { $case: 'snapshot' as const, value: snapshotWith([twice, odd, odd], { revision: 6n, prefixes }) };
  expect(() => present.apply(update)).toThrow(
    [
      'prefix "/api/" appears twice',
      'prefix "web" is not one path segment between slashes',
      'prefix "web" has the namespace "go.micro.web."',
      'service "go.micro.api.odd" appears twice',
      'service "go.micro.api.twice" has the instance "same" twice',
      'service "go.micro.api.twice": instance "same" has a malformed address: "nowhere" is not an address: ' +
        'write host:port, such as 127.0.0.1:8080',
      'service "go.micro.api.twice": instance "same" has the address "127.0.0.1:0", which nothing can be reached at',
    ].join('; '),
  );
  expect(present.revision).toBe(5n);
});

test('a delta that names a service twice is refused', () => {
  const present = presentAt(5n);
  expect(() => present.apply(delta({ changed: [greeter], removed: [greeter.name] }))).toThrow(
    'both changed and removed',
  );
  expect(() => present.apply(delta({ changed: [greeter, greeter] }))).toThrow('appears twice');
});
