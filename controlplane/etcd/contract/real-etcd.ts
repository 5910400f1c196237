import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real, single-member etcd in a process of its own, on loopback. */
export interface RealEtcd {
  /** "127.0.0.1:port". */
  readonly host: string;
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port, killing it first if it still runs. */
  restart(): Promise<void>;
  /** Halts the process, and resolves once it has halted: its connections stay open, and nothing answers. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

/** Another process may take a port before etcd does: so often is a start tried. */
const maxAttempts = 5;

/** How long etcd may take until it answers, in milliseconds. */
const startTimeoutMs = 30_000;

/**
 * Starts Debian's `etcd` with fresh data in a temporary folder and waits until it serves.
 *
 * @throws Error with what etcd printed last, when it does not start
 */
export async function startRealEtcd(): Promise<RealEtcd> {
  for (let attempt = 1; ; attempt += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'micro-real-etcd-'));
    const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
    try {
      const [clientPort = 0, peerPort = 0] = await freePorts(2);
      return await supervise(folder, clientPort, peerPort, remove);
    } catch (error) {
      await remove();
      if (attempt === maxAttempts || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function supervise(
  folder: string,
  clientPort: number,
  peerPort: number,
  remove: () => Promise<void>,
): Promise<RealEtcd> {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const flags = {
    'data-dir': folder,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    logger: 'zap',
    'log-level': 'warn',
    'log-outputs': 'stderr',
  };
  const start = (): Promise<ChildProcess> =>
    run(
      Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      client,
    );
  let child = await start();
  const kill = (): Promise<void> => end(child);
  return {
    host: `127.0.0.1:${clientPort}`,
    kill,
    restart: async () => {
      await kill();
      child = await start();
    },
    freeze: () => freeze(child),
    thaw: () => void child.kill('SIGCONT'),
    stop: async () => {
      await kill();
      await remove();
    },
  };
}

async function run(flags: readonly string[], client: string): Promise<ChildProcess> {
  const child = spawn('etcd', flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-4_000);
  });
  await once(child, 'spawn');
  const deadline = Date.now() + startTimeoutMs;
  while (!(await isHealthy(client))) {
    if (child.exitCode !== null) throw new Error(`etcd exited with ${child.exitCode}: ${printed}`);
    if (Date.now() > deadline) {
      await end(child);
      throw new Error(`etcd did not serve within ${startTimeoutMs / 1_000} s: ${printed}`);
    }
    await sleep(20);
  }
  return child;
}

async function isHealthy(client: string): Promise<boolean> {
  try {
    const answer = await fetch(`${client}/health`);
    return (await answer.text()).includes('"health":"true"');
  } catch {
    return false;
  }
}

/** The first thread of a process to take the signal stops the others: on a busy machine these answer for a while. */
async function freeze(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP');
  while (!(await hasStopped(child.pid as number))) await sleep(1);
}

/** Whether every thread of a process is stopped, as proc(5) tells. */
async function hasStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const statuses = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8')));
  return statuses.every((status) => /^State:\tT/m.test(status));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Ports that were free a moment ago; etcd cannot be told to let the system choose. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
