import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { longestCheckMs, type Measure } from './property.ts';

/**
 * `npm run COMMAND -- [--seconds N] [--seed N] [--only NAME]`: looks for inputs that a property does not hold for, with each
 * property in turn for its share of the time, and prints the first that it finds, ready to be saved in its corpus.
 */
export async function look(command: string, properties: readonly Measure<unknown>[]): Promise<void> {
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
    process.stderr.write(`usage: npm run ${command} -- [--seconds N] [--seed N] [--only ${names}]\n`);
    process.exitCode = 2;
    return;
  }

  // What is thrown out of an event fails the input of then.
  let uncaught: unknown;
  process.on('uncaughtException', (error) => {
    uncaught ??= error;
  });
  for (const { property } of chosen) {
    const { name, inputs, start } = property;
    await using checker = await start();
    let last: { readonly input: unknown; readonly checking: Promise<void> } | undefined;
    const check = async (input: unknown): Promise<void> => {
      uncaught = undefined;
      await checker.check(input);
      if (uncaught !== undefined) throw uncaught;
    };
    const holds = fc.asyncProperty(inputs, (input) => {
      last = { input, checking: check(input) };
      return last.checking;
    });
    const result = await fc.check(holds, {
      seed,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: (seconds * 1_000) / chosen.length,
      // To be cut off before the first failure is to have found none.
      markInterruptAsFailure: false,
      timeout: longestCheckMs,
    });
    // The one that was cut off still needs what it was started with, and may fail.
    const [cutOff] = await Promise.allSettled([last?.checking]);
    if (result.failed && result.counterexample) tell(name, result.counterexample[0], result.errorInstance);
    else if (cutOff.status === 'rejected') tell(name, last?.input, cutOff.reason);
    else process.stdout.write(`${name}: ${result.numRuns} inputs from seed ${seed}, none fails\n`);
  }
}

function tell(name: string, input: unknown, error: unknown): void {
  const { message, stack } = error as Error;
  const saved = visible(JSON.stringify({ about: message, input }, null, 2));
  process.stdout.write(`${name}: an input that fails, for corpus/${name}.json:\n${saved}\n${stack}\n`);
  process.exitCode = 1;
}

/** JSON in which every character can be seen, and copied. */
function visible(json: string): string {
  return json.replaceAll(/[\u007f-\uffff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
