import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Prefix } from '../../proto/gen/micro/routes/v1/routes.ts';
import { service, snapshotWith } from '../data-plane.fixture.ts';
import { InstanceStates } from './instance-state.ts';
import { compileTable } from './table.ts';
import { routeUrl, type UrlRoute } from './url.ts';

interface Golden {
  readonly prefixes: Prefix[];
  /** Full names. */
  readonly services: string[];
  readonly cases: [target: string, expected: string][];
}

const golden = JSON.parse(readFileSync(new URL('golden/url.json', import.meta.url), 'utf8')) as Golden;
const snapshot = snapshotWith(
  golden.services.map((name) => service(name, [])),
  { prefixes: golden.prefixes },
);
const table = compileTable(snapshot, { states: new InstanceStates(), random: Math.random });

test.each(golden.cases)('%s → %s', (target, expected) => {
  expect(inWords(routeUrl(table, target))).toBe(expected);
});

function inWords(route: UrlRoute): string {
  switch (route.kind) {
    case 'service':
      return `${route.service.name} ${route.target} (prefix ${route.prefix}${route.web ? ', web' : ''})`;
    case 'redirect':
      return `308 ${route.location}`;
    case 'unknown':
      return route.service === undefined ? '404' : `404 ${route.service}`;
    default:
      return '400';
  }
}
