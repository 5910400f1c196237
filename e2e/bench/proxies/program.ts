import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { onCore } from './cores.ts';

const readyWithinMs = 20_000;
const stopWithinMs = 5_000;

/** A program that listens. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** "127.0.0.1:41234" */
  readonly address: string;
}

export interface ProgramOptions {
  readonly command: readonly [string, ...string[]];
  /** Where it is told to listen. */
  readonly address: string;
  readonly core: number;
  /** Besides the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a program on a core of its own, and waits until it accepts connections.
 *
 * @throws Error with what it printed, when it ends or does not accept within 20 s
 */
export async function startProgram({ command, address, core, env = {} }: ProgramOptions): Promise<Program> {
  const [file, ...args] = [...onCore(core), ...command] as const;
  const child = execa(file, args, { env, reject: false, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await child;
    clearTimeout(timer);
  };
  const starting = new AbortController();
  const ended = child.then(({ exitCode, stderr }) => {
    throw new Error(`${command.join(' ')} ended with ${exitCode}: ${stderr}`);
  });
  const giveUpAt = Date.now() + readyWithinMs;
  const accepting = async () => {
    while (!(await accepts(address))) {
      if (Date.now() > giveUpAt) throw new Error(`${command.join(' ')} does not listen on ${address} in 20 s`);
      await pause(20, undefined, { signal: starting.signal });
    }
  };
  try {
    await Promise.race([accepting(), ended]);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    starting.abort();
  }
  // When it ends later, whoever sends to it finds out.
  ended.catch(() => undefined);
  return { pid: child.pid as number, address, [Symbol.asyncDispose]: stop };
}

function accepts(address: string): Promise<boolean> {
  const { hostname: host, port } = new URL(`http://${address}`);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const done = (isAccepted: boolean) => {
      socket.destroy();
      resolve(isAccepted);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}
