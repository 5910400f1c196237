import { ControlPlaneError } from '../../errors.ts';
import type { RuntimeLimits } from '../limits.ts';
import { type Command, describeCommand, describeExit, startProcessGroup } from '../process/group.ts';
import { LastLines } from '../process/last-lines.ts';
import { lowerPriority } from '../process/priority.ts';

/** How long a build that is cut off has to end after SIGTERM: it holds nothing that would be lost. */
const cutOffGraceMs = 2000;

/**
 * Runs the commands of a build, one after the other, within one time limit and one limit of output.
 *
 * @throws ControlPlaneError `failed`, with the last lines that were printed, when one fails or takes too much; what
 *   `signal` was aborted with, when it is
 */
export async function runSteps(options: {
  readonly steps: readonly Command[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: RuntimeLimits;
  readonly onStep: (commandLine: string) => void;
  readonly onOutput: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { steps, folder, environment, limits, onStep, onOutput, signal } = options;
  const lastLines = new LastLines();
  const fail = (fault: string): Error =>
    new ControlPlaneError('failed', `the build failed: ${fault}; ${lastLines.describe()}`);

  const tooMuch = new AbortController();
  const outOfTime = setTimeout(
    () => tooMuch.abort(new Error(`took longer than ${limits.buildTimeoutMs / 1000} s`)),
    limits.buildTimeoutMs,
  );
  let printed = 0;
  const take = (lines: readonly string[]): void => {
    if (tooMuch.signal.aborted) return;
    lastLines.push(lines);
    for (const line of lines) {
      printed += line.length + 1;
      onOutput(line);
    }
    if (printed <= limits.buildOutputLength) return;
    tooMuch.abort(new Error(`printed more than ${limits.buildOutputLength} characters`));
  };

  const cutOff = AbortSignal.any([signal, tooMuch.signal]);
  try {
    for (const command of steps) {
      const commandLine = describeCommand(command);
      signal.throwIfAborted();
      onStep(commandLine);
      const group = await startProcessGroup({
        command,
        folder,
        environment,
        // What serves on this machine goes first.
        onStart: lowerPriority,
        onLines: (_, lines) => take(lines),
      });
      const stop = (): void => void group.stop(cutOffGraceMs);
      cutOff.addEventListener('abort', stop);
      if (cutOff.aborted) stop();
      const exit = await group.exited;
      await group.drained;
      cutOff.removeEventListener('abort', stop);
      signal.throwIfAborted();
      if (tooMuch.signal.aborted) throw fail(`${commandLine} ${(tooMuch.signal.reason as Error).message}`);
      if (exit.code !== 0) throw fail(`${commandLine} ${describeExit(exit)}`);
    }
  } finally {
    clearTimeout(outOfTime);
  }
}
