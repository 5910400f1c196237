import { expect, test } from 'vitest';
import type { RoutesStatus } from '../routes/subscription.ts';
import { statusOf } from './status.ts';

const connected = { status: 'connected' } as const;
const lost = { status: 'disconnected', reason: 'gone' } as const;
const serving = (revision: bigint, changes: Partial<RoutesStatus> = {}): RoutesStatus => ({
  revision,
  source: 'stream',
  connection: connected,
  ...changes,
});

test('workers are ready while one is, with the table of the one that is furthest behind', () => {
  const empty: RoutesStatus = { revision: 0n, source: undefined, connection: connected };
  expect(statusOf([serving(12n), 'away', serving(9n), empty])).toEqual({
    revision: 9n,
    source: 'stream',
    connection: connected,
    workers: { wanted: 4, ready: 2 },
  });
});

test('a connection that one of them lost is told', () => {
  const behind = serving(9n, { source: 'last-good', connection: lost });
  expect(statusOf([serving(12n), behind])).toMatchObject({ source: 'last-good', connection: lost });
  expect(statusOf([serving(9n), serving(12n, { connection: lost })])).toMatchObject({ revision: 9n, connection: lost });
});

test('without a worker that answers there is no table', () => {
  expect(statusOf(['away', 'silent'])).toEqual({
    revision: 0n,
    source: undefined,
    connection: { status: 'disconnected', reason: 'no worker answers' },
    workers: { wanted: 2, ready: 0 },
  });
});
