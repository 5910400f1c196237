import { expect, test, vi } from 'vitest';
import type { Service } from '../../proto/gen/micro/routes/v1/routes.ts';
import { service, silent, snapshotWith } from '../data-plane.fixture.ts';
import { InstanceStates } from '../routes/instance-state.ts';
import { compileTable, type RouteTable } from '../routes/table.ts';
import { HealthChecks } from './checks.ts';

const healthCheck = { path: '/healthz', intervalMs: 1, timeoutMs: 1_000, pass: 1, fail: 1 };
const states = new InstanceStates();
const tableOf = (...services: Service[]): RouteTable =>
  compileTable(snapshotWith(services), { states, random: Math.random });

/** Checks that go on until they are ended. Tells which are under way, by the address and path that they ask. */
function underWay(): { readonly checks: HealthChecks; readonly asked: string[] } {
  const asked: string[] = [];
  const checks = new HealthChecks({
    log: silent,
    random: () => 0,
    probe: ({ name }, { path }, signal) =>
      new Promise((_, reject) => {
        const what = name + path;
        asked.push(what);
        signal.addEventListener('abort', () => {
          asked.splice(asked.indexOf(what), 1);
          reject(signal.reason);
        });
      }),
  });
  return { checks, asked };
}

test('the instances that ask for it are checked, for as long as the table has them', async () => {
  const { checks, asked } = underWay();
  const users = service('users', ['10.0.0.1:1', '10.0.0.2:1'], { healthCheck });
  checks.follow(tableOf(users, service('others', ['10.0.0.3:1'])));
  await vi.waitFor(() => expect(asked.toSorted()).toEqual(['10.0.0.1:1/healthz', '10.0.0.2:1/healthz']));
  checks.follow(tableOf(service('users', ['10.0.0.2:1', '10.0.0.4:1'], { healthCheck })));
  expect(asked).toEqual(['10.0.0.2:1/healthz']);
  await vi.waitFor(() => expect(asked).toEqual(['10.0.0.2:1/healthz', '10.0.0.4:1/healthz']));
  checks.follow(tableOf());
  expect(asked).toEqual([]);
  checks.stop();
});

test('a check goes on where the same is asked for, and begins anew where another is', async () => {
  const { checks, asked } = underWay();
  checks.follow(tableOf(service('users', ['10.0.0.1:1'], { healthCheck })));
  await vi.waitFor(() => expect(asked).toEqual(['10.0.0.1:1/healthz']));
  checks.follow(tableOf(service('users', ['10.0.0.1:1'], { healthCheck: { ...healthCheck }, version: 'v2' })));
  expect(asked).toEqual(['10.0.0.1:1/healthz']);
  checks.follow(tableOf(service('users', ['10.0.0.1:1'], { healthCheck: { ...healthCheck, path: '/alive' } })));
  await vi.waitFor(() => expect(asked).toEqual(['10.0.0.1:1/alive']));
  checks.stop();
  expect(asked).toEqual([]);
});

test('services that share an instance share its check', async () => {
  const { checks, asked } = underWay();
  const [a, b] = ['a', 'b'].map((name) => service(name, ['10.0.0.1:1'], { healthCheck })) as [Service, Service];
  checks.follow(tableOf(a, b));
  await vi.waitFor(() => expect(asked).toEqual(['10.0.0.1:1/healthz']));
  checks.follow(tableOf(b));
  expect(asked).toEqual(['10.0.0.1:1/healthz']);
  checks.follow(tableOf(a));
  expect(asked).toEqual(['10.0.0.1:1/healthz']);
  checks.stop();
  expect(asked).toEqual([]);
});

test('only so many checks are under way at once', async () => {
  const { checks, asked } = underWay();
  const addresses = Array.from({ length: 250 }, (_, index) => `10.0.1.${index}:1`);
  checks.follow(tableOf(service('many', addresses, { healthCheck })));
  await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(100));
  await new Promise(setImmediate);
  expect(asked).toHaveLength(100);
  checks.stop();
  expect(asked).toEqual([]);
});

test('an instance that failed is in use again when nobody asks for its check any more', async () => {
  const checks = new HealthChecks({
    log: silent,
    random: () => 0,
    probe: () => Promise.reject(new Error('it is ill')),
  });
  const table = tableOf(service('users', ['10.0.0.1:1'], { healthCheck }));
  const state = states.at('10.0.0.1:1');
  checks.follow(table);
  await vi.waitFor(() => expect(state.isSetAside).toBe(true));
  checks.follow(tableOf(service('users', ['10.0.0.1:1'])));
  expect(state.isSetAside).toBe(false);
  checks.stop();
});
