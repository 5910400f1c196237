import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, runMicro, spawnMicro } from './command.ts';
import { killProcessesIn } from './processes.ts';
import { type Addresses, readReadyLine } from './ready-line.ts';

const readyWithinMs = 30_000;
const stopWithinMs = 30_000;
const mostLogLines = 500;

export interface StartOptions {
  /** Default "server": both planes. */
  readonly command?: 'server' | 'controlplane' | 'dataplane';
  readonly dataDir: string;
  /** Besides the addresses, which are ports that the operating system chooses unless they are given here. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A command that becomes the one that follows it, such as `taskset -c 0`; default none. */
  readonly launcher?: readonly string[];
  /** Hears of each line that it prints. */
  readonly onLine?: (line: string) => void;
}

/** A `micro server`, or one plane of it, in a process of its own. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly dataDir: string;
  /** The content of the data folder's `token`; "" for a data plane, which has none of its own. */
  readonly token: string;
  /** As it said itself. */
  readonly addresses: Addresses;
  /** "http://127.0.0.1:8080" and a path. */
  url(path: string): string;
  /** Runs a client command against this server. */
  run(...args: readonly string[]): Promise<CommandResult>;
  /** Runs a client command that must succeed, and returns what it printed. */
  succeed(...args: readonly string[]): Promise<string>;
  /** Runs a listing command with --json, and reads what it printed. */
  list<Item>(...args: readonly string[]): Promise<readonly Item[]>;
  /** The last lines it printed. */
  log(): string;
  /** Ends it as a crash does. What it ran goes on. */
  crash(): Promise<void>;
  /** Resolves with its exit code when it has ended. */
  readonly exited: Promise<number | undefined>;
  /** Ends it, and everything it ran, as when its machine fails. */
  fail(): Promise<void>;
  /** Asks it to end; resolves with its exit code. */
  stop(): Promise<number | undefined>;
}

const free = '127.0.0.1:0';
const dataPlaneFlags = {
  '--http': free,
  '--grpc': free,
  '--admin': free,
  '--access-log': 'off',
  '--drain-grace': '0s',
};
const controlPlaneFlags = { '--control': free, '--etcd-listen': 'off' };
const defaultFlags = {
  server: { ...dataPlaneFlags, ...controlPlaneFlags },
  controlplane: controlPlaneFlags,
  dataplane: dataPlaneFlags,
};

/**
 * Starts the built `micro` and waits until it says that it is ready.
 *
 * @throws Error with what it printed, when it ends or is not ready within 30 s
 */
export async function startServer(options: StartOptions): Promise<Server> {
  const { command = 'server', dataDir, flags = [], env, launcher, onLine } = options;
  const preset = Object.entries(defaultFlags[command]).filter(([flag]) => !flags.includes(flag));
  const child = spawnMicro([command, '--data-dir', dataDir, ...preset.flat(), ...flags], env, launcher);
  const lines: string[] = [];
  const log = () => lines.join('\n');
  const exited = child.then(({ exitCode }) => exitCode);

  const ready = new Promise<Addresses>((resolve, reject) => {
    const printed = readLines(child.iterable({ from: 'all' }), (line) => {
      if (lines.push(line) > mostLogLines) lines.shift();
      onLine?.(line);
      const addresses = readReadyLine(line);
      if (addresses === undefined) return;
      clearTimeout(timer);
      resolve(addresses);
    });
    const fail = (fault: string) => reject(new Error(`micro ${command} ${fault}:\n${log()}`));
    const timer = setTimeout(() => fail(`is not ready after ${readyWithinMs / 1000} s`), readyWithinMs);
    void Promise.all([exited, printed]).then(([exitCode]) => {
      clearTimeout(timer);
      fail(`ended with ${exitCode}`);
    });
  });

  const dispose = async () => {
    child.kill('SIGKILL');
    await exited;
    await killProcessesIn(dataDir);
  };
  try {
    const addresses = await ready;
    const token = command === 'dataplane' ? '' : (await readFile(join(dataDir, 'token'), 'utf8')).trim();
    const run = (...args: readonly string[]) =>
      runMicro([...args, '--server', addresses.grpc], { MICRO_DATA_DIR: dataDir, ...env });
    const succeed = async (...args: readonly string[]) => {
      const { stdout, stderr, exitCode } = await run(...args);
      if (exitCode !== 0) throw new Error(`micro ${args.join(' ')} ended with ${exitCode}:\n${stderr}`);
      return stdout;
    };
    return {
      pid: child.pid as number,
      dataDir,
      token,
      addresses,
      url: (path) => `http://${addresses.http}${path}`,
      run,
      succeed,
      list: async (...args) => JSON.parse(await succeed(...args, '--json')),
      log,
      async crash() {
        child.kill('SIGKILL');
        await exited;
      },
      async stop() {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
        return exited.finally(() => clearTimeout(timer));
      },
      exited,
      fail: dispose,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function readLines(lines: AsyncIterable<string>, onLine: (line: string) => void): Promise<void> {
  for await (const line of lines) onLine(line);
}
