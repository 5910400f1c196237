import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { properties } from './properties.ts';

// npm run fuzz:http -- [--seconds N] [--seed N] [--only NAME]: looks for inputs that a property does not hold for, with each
// property in turn for its share of the time, and prints the first that it finds, ready to be saved in `corpus/`.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    only: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const chosen = properties.filter(({ property: { name } }) => values.only === undefined || values.only === name);
if (!(seconds > 0) || !Number.isInteger(seed) || chosen.length === 0) {
  const names = properties.map(({ property: { name } }) => name).join(', ');
  process.stderr.write(`usage: npm run fuzz:http -- [--seconds N] [--seed N] [--only ${names}]\n`);
  process.exit(2);
}

for (const { property } of chosen) {
  const { name, inputs, start } = property;
  await using checker = await start();
  const result = await fc.check(
    fc.asyncProperty(inputs, async (input) => void (await checker.check(input))),
    {
      seed,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: (seconds * 1_000) / chosen.length,
      // To be cut off before the first failure is to have found none.
      markInterruptAsFailure: false,
    },
  );
  if (result.failed && result.counterexample) {
    const [input] = result.counterexample;
    const saved = { about: (result.errorInstance as Error | undefined)?.message, input };
    process.stdout.write(`${name}: an input that fails, for corpus/${name}.json:\n${JSON.stringify(saved, null, 2)}\n`);
    process.exitCode = 1;
  } else process.stdout.write(`${name}: ${result.numRuns} inputs from seed ${seed}, none fails\n`);
}
