import { expect, test } from 'vitest';
import { areAllMet, compare, table } from './report.ts';

const figure = { name: 'answers', unit: 'per second' };
const slow = { ...figure, contender: 'slow', samples: [90, 100, 400] };
const fast = { ...figure, contender: 'fast', samples: [1000] };

test('a figure is judged against each contender that its targets name', () => {
  const targets = [
    { atLeastTimes: 3, of: 'slow' },
    { atLeastTimes: 0.5, of: 'fast' },
  ];
  const own = { ...figure, contender: 'own', samples: [390, 400, 410], targets };

  const rows = compare([slow, fast, own]);

  expect(rows.at(-1)).toMatchObject({
    median: 400,
    ratio: 4,
    verdicts: [
      { ratio: 4, isMet: true },
      { ratio: 0.4, isMet: false },
    ],
  });
  expect(areAllMet(rows)).toBe(false);
  expect(table(rows)).toBe(
    [
      'FIGURE   CONTENDER  MEDIAN           RATIO  TARGET',
      'answers  slow       100 per second',
      'answers  fast       1000 per second  10.0×',
      'answers  own        400 per second   4.00×  ≥ 3× slow: met (4.00×); ≥ 0.5× fast: MISSED (0.400×)',
    ].join('\n'),
  );
});

test('a target is not missed when the contender that it names did not take part', () => {
  const own = { ...figure, contender: 'own', samples: [1], targets: [{ atMostTimes: 2, of: 'nobody' }] };

  const rows = compare([own]);

  expect(areAllMet(rows)).toBe(true);
  expect(table(rows)).toContain('≤ 2× nobody: not measured');
});

test('a limit in the unit of the figure is for the median', () => {
  const own = { ...figure, contender: 'own', samples: [1, 2, 30], targets: [{ atMost: 2 }] };

  expect(areAllMet(compare([own]))).toBe(true);
});
