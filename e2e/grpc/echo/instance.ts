import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { spawnPython } from './python.ts';

export const service = 'go.micro.service.echo';

export type Library = 'grpc-js' | 'grpcio';

/** An instance of the echo service, in a process of its own. */
export interface EchoInstance extends AsyncDisposable {
  /** "127.0.0.1:41234"; the same after `start`. */
  readonly address: string;
  readonly pid: number;
  /** How many calls of `hold` have come, and how many of them have been cancelled. */
  readonly held: { holding: number; cancelled: number };
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Tells it to end, which it does after its calls. */
  stop(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
}

export interface InstanceOptions {
  /** Sent with each answer as `x-head-instance`; default "one". */
  readonly name?: string;
  /** Whether grpcio compresses answers; default false. */
  readonly gzip?: boolean;
}

const program = join(process.cwd(), 'dist', 'e2e', 'grpc', 'echo', 'grpc-js-instance.process.js');

export async function startEchoInstance(library: Library, options: InstanceOptions = {}): Promise<EchoInstance> {
  const { name = 'one', gzip = false } = options;
  const held = { holding: 0, cancelled: 0 };
  let child: ChildProcess;

  /** @returns the port that it listens on */
  async function launch(port: string): Promise<string> {
    child =
      library === 'grpcio'
        ? spawnPython('grpcio_instance.py', [name, port], gzip ? { GZIP: '1' } : {})
        : spawn(process.execPath, [program, name, port], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout as Readable);
    lines.on('line', (line) => {
      if (line === 'holding' || line === 'cancelled') held[line] += 1;
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the echo instance on ${library} ended before it listened`);
    });
    const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
    ended.catch(() => {});
    return line.replace('listening on ', '');
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  const kill = () => end('SIGKILL');

  const port = await launch('0');
  return {
    address: `127.0.0.1:${port}`,
    get pid() {
      return child.pid as number;
    },
    held,
    signal: (signal) => void child.kill(signal),
    kill,
    stop: () => end('SIGTERM'),
    async start() {
      await launch(port);
    },
    [Symbol.asyncDispose]: kill,
  };
}
