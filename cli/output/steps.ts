import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import yoctoSpinner, { type Spinner } from 'yocto-spinner';
import { isTerminal } from './terminal.ts';

/** Shows the steps of something that takes a while: a spinner on a terminal, plain lines elsewhere. */
export interface Steps {
  begin(step: string, detail: string): void;
  /** How far the present step is; on a terminal alone. */
  update(detail: string): void;
  /** A line that the present step printed. */
  output(line: string): void;
  /** The last step is done, or the whole has failed; the first time says which. */
  end(outcome: 'done' | 'failed'): void;
}

export function showSteps(stream: Writable): Steps {
  return isTerminal(stream) ? spinnerSteps(stream) : plainSteps(stream);
}

function plainSteps(stream: Writable): Steps {
  return {
    begin: (step, detail) => void stream.write(`${line(step, detail)}\n`),
    update: () => {},
    output: (text) => void stream.write(`        ${text}\n`),
    end: () => {},
  };
}

function spinnerSteps(stream: NodeJS.WriteStream): Steps {
  let spinner: Spinner | undefined;
  let present = '';
  return {
    begin(step, detail) {
      spinner?.success();
      present = step;
      spinner = yoctoSpinner({ text: line(step, detail), stream }).start();
    },
    update(detail) {
      if (spinner !== undefined) spinner.text = line(present, detail);
    },
    output(text) {
      spinner?.clear();
      stream.write(`  ${styleText('dim', text)}\n`);
    },
    end(outcome) {
      if (outcome === 'done') spinner?.success();
      else spinner?.error();
      spinner = undefined;
    },
  };
}

const line = (step: string, detail: string): string => `${step.padEnd(7)} ${detail}`.trimEnd();
