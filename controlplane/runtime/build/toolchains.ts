import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Command } from '../process/group.ts';

/** How long a toolchain may take to say what it is. */
const answerTimeoutMs = 10_000;

/**
 * What builds depend on besides their source: which Node.js native modules were compiled for, which Python an environment
 * is of. Each toolchain is asked once, and again when the program on the PATH is another.
 */
export class Toolchains {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #known = new Map<string, Promise<string>>();

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  /** A few characters that differ between toolchains; the same wherever the program is missing. */
  async identify(command: Command): Promise<string> {
    const program = await findProgram(command.file, this.#environment['PATH'] ?? '');
    const key = JSON.stringify([program, command.file, command.arguments]);
    const known = this.#known.get(key) ?? this.#ask(command);
    this.#known.set(key, known);
    return known;
  }

  async #ask(command: Command): Promise<string> {
    const { execa } = await import('execa');
    const { stdout, exitCode } = await execa(command.file, command.arguments, {
      cwd: '/',
      env: this.#environment,
      extendEnv: false,
      stdin: 'ignore',
      stderr: 'ignore',
      timeout: answerTimeoutMs,
      reject: false,
    });
    // One that cannot be started, or fails, is told of by the build that needs it.
    return createHash('sha256').update(`${exitCode} ${stdout}`).digest('hex').slice(0, 12);
  }
}

/** Which file of a PATH a program is, and as of when; "" when it is none. */
async function findProgram(name: string, path: string): Promise<string> {
  for (const folder of path.split(delimiter)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile() === true && (found.mode & 0o111) !== 0) return `${found.dev}:${found.ino}:${found.ctimeMs}`;
  }
  return '';
}
