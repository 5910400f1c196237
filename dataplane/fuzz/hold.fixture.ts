import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { longestCheckMs, type Measure } from './property.ts';

/** The same in every run; `npm run fuzz:…` looks further. */
const seed = 3;

/** Many inputs, on a machine that is busy with others. */
const longestTestMs = 120_000;

/**
 * Tests of what `npm run fuzz:…` looks at, with a few inputs.
 *
 * @param corpus the folder of the inputs that were saved
 */
export function testProperties(properties: readonly Measure<unknown>[], corpus: string): void {
  describe.each(properties)('$property.name', ({ property: { name, inputs, start }, runs, leastShare }) => {
    test('hold for inputs made at random, most of which are understood', { timeout: longestTestMs }, async () => {
      await using checker = await start();
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(inputs, async (input) => {
          if (await checker.check(input)) compared += 1;
        }),
        { seed, numRuns: runs, timeout: longestCheckMs },
      );
      expect(compared / runs).toBeGreaterThan(leastShare);
    });

    test('hold for the inputs that were saved', async () => {
      await using checker = await start();
      const saved = await readFile(join(corpus, `${name}.json`), 'utf8');
      for (const { about, input } of JSON.parse(saved) as { about: string; input: unknown }[]) {
        await expect(checker.check(input), about).resolves.toBeTypeOf('boolean');
      }
    });
  });
}
