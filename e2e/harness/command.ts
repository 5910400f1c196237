import { join } from 'node:path';
import { execa, type Options } from 'execa';

/** The built `micro`. Tests and benchmarks run in the root of the repository, where npm starts them. */
const micro = join(process.cwd(), 'dist', 'bin', 'micro.js');

const longestMs = 120_000;

/** What a command printed, and how it ended. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
}

const plain = {
  // The settings of whoever runs the tests (MICRO_…) are not those of the tests.
  extendEnv: false,
  env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
  reject: false,
  stdin: 'ignore',
} as const satisfies Options;

/**
 * Starts `micro` and leaves it to the caller to end it.
 *
 * @param launcher a command that becomes the one that follows it, such as `taskset -c 0`; default none
 */
export function spawnMicro(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  launcher: readonly string[] = [],
) {
  const [file, ...rest] = [...launcher, process.execPath, micro, ...args] as [string, ...string[]];
  return execa(file, rest, {
    ...plain,
    env: { ...plain.env, ...env },
    buffer: false,
    all: true,
    // Whoever ends it says how long it may take: the default is to kill it 5 s after a SIGTERM.
    forceKillAfterDelay: false,
  });
}

/**
 * Runs a command of `micro` that ends by itself.
 *
 * @param options.input what it finds on stdin; nothing by default
 * @param options.folder where it runs; the root of the repository by default
 */
export async function runMicro(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { input = '', folder = process.cwd() }: { readonly input?: string; readonly folder?: string } = {},
): Promise<CommandResult> {
  const result = await execa(process.execPath, [micro, ...args], {
    ...plain,
    env: { ...plain.env, ...env },
    stdin: 'pipe',
    input,
    cwd: folder,
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  if (result.timedOut)
    throw new Error(`micro ${args.join(' ')} did not end within ${longestMs / 1000} s: ${result.stderr}`);
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode };
}
