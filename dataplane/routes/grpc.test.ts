import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Prefix } from '../../proto/gen/micro/routes/v1/routes.ts';
import { service, snapshotWith } from '../data-plane.fixture.ts';
import { grpcRoute, routeGrpc } from './grpc.ts';
import { InstanceStates } from './instance-state.ts';
import { compileTable } from './table.ts';

interface Golden {
  readonly prefixes: Prefix[];
  /** Full names. */
  readonly services: string[];
  readonly cases: [path: string, microService: string | null, service: string | null][];
}

const golden = JSON.parse(readFileSync(new URL('golden/grpc.json', import.meta.url), 'utf8')) as Golden;
const snapshot = snapshotWith(
  golden.services.map((name) => service(name, [])),
  { prefixes: golden.prefixes },
);
const table = compileTable(snapshot, { states: new InstanceStates(), random: Math.random });

test.each(golden.cases)('%s with micro-service %s → %s', (path, microService, expected) => {
  expect(routeGrpc(table, path, microService ?? undefined)?.name ?? null).toBe(expected);
});

test('what the data plane answers itself comes first, unless a service is named, and needs no other table', () => {
  const parts = { states: new InstanceStates(), random: Math.random };
  const own = compileTable(snapshotWith([service('grpc.health.v1', [])], { prefixes: [] }), parts);
  const health = '/grpc.health.v1.Health/Check';
  const route = grpcRoute(own, () => table);
  expect(route(health, undefined)).toBe(own.services.get('grpc.health.v1'));
  expect(route(health, 'helloworld.v2')).toBe(table.services.get('helloworld.v2'));
  expect(route('/nobody.Greeter/SayHello', undefined)).toBeUndefined();
  const alone = grpcRoute(own, () => undefined);
  expect(alone(health, undefined)).toBe(own.services.get('grpc.health.v1'));
  expect(alone(health, 'helloworld.v2')).toBe('no-table');
});
