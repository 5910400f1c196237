import { expect, test } from 'vitest';
import { Claims } from './claims.ts';

/** What is claimed, of a, b and c, when `work` is done while a sweep is being made. */
async function claimedIn(claims: Claims, work: () => void = () => undefined): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await claims.whileSweeping(async (isClaimed) => {
    work();
    found = ['a', 'b', 'c'].filter(isClaimed);
  });
  return found;
}

test('what is held is claimed until the last one lets go of it', async () => {
  const claims = new Claims(() => 0);
  const one = claims.hold(['a', 'b']);
  const two = claims.hold(['b']);
  expect(await claimedIn(claims)).toEqual(['a', 'b']);
  one();
  expect(await claimedIn(claims)).toEqual(['b']);
  two();
  expect(await claimedIn(claims)).toEqual([]);
});

test('what is let go of during a sweep is claimed until that has ended', async () => {
  const claims = new Claims(() => 0);
  const claim = claims.hold(['a']);
  expect(await claimedIn(claims, claim)).toEqual(['a']);
  expect(await claimedIn(claims)).toEqual([]);
});

test('what is announced is claimed for ten minutes, or until somebody held it', async () => {
  let now = 0;
  const claims = new Claims(() => now);
  claims.announce('a');
  claims.announce('b');
  claims.hold(['b'])();
  now = 599_999;
  expect(await claimedIn(claims)).toEqual(['a']);
  now = 600_000;
  expect(await claimedIn(claims)).toEqual([]);
});
