import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Order, Report } from './faulty.types.ts';

/** An instance in a process of its own, that can be told to misbehave. */
export interface FaultyInstance extends AsyncDisposable {
  /** "127.0.0.1:41234"; the same for its whole life, and after `start`. */
  readonly address: string;
  tell(order: Order): Promise<Report>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
}

const program = join(process.cwd(), 'dist', 'e2e', 'faults', 'faulty.process.js');

export async function startFaultyInstance(): Promise<FaultyInstance> {
  let { child, port } = await spawn(0);

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  return {
    address: `127.0.0.1:${port}`,
    async tell(order) {
      const answer = once(child, 'message');
      child.send(order);
      const [report] = (await answer) as [Report];
      return report;
    },
    signal: (signal) => void child.kill(signal),
    kill,
    async start() {
      ({ child, port } = await spawn(port));
    },
    [Symbol.asyncDispose]: kill,
  };
}

async function spawn(port: number): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(program, [String(port)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [report] = (await once(child, 'message')) as [Report];
  return { child, port: report.port };
}
