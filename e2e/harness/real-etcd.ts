import { setTimeout as pause } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { execa } from 'execa';
import { freeAddress } from './free-address.ts';

const readyWithinMs = 20_000;

/** A single etcd member in a process of its own. */
export interface RealEtcd extends AsyncDisposable {
  /** "127.0.0.1:41234" */
  readonly address: string;
  /** Halts it: its connections stay open, and nothing answers. */
  freeze(): void;
  thaw(): void;
}

/** Starts etcd and waits until it answers. */
export async function startRealEtcd(dataDir: string): Promise<RealEtcd> {
  const [client, peer] = [await freeAddress(), await freeAddress()];
  const flags = {
    '--data-dir': dataDir,
    '--listen-client-urls': `http://${client}`,
    '--advertise-client-urls': `http://${client}`,
    '--listen-peer-urls': `http://${peer}`,
    '--initial-advertise-peer-urls': `http://${peer}`,
    '--initial-cluster': `default=http://${peer}`,
    '--logger': 'zap',
    '--log-level': 'error',
  };
  const stdio = { stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' } as const;
  const child = execa('etcd', Object.entries(flags).flat(), { reject: false, ...stdio });
  const stop = async () => {
    child.kill('SIGKILL');
    await child;
  };
  try {
    await answers(client);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: client,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: stop,
  };
}

async function answers(address: string): Promise<void> {
  const client = new Etcd3({ hosts: address, defaultCallOptions: () => ({ deadline: Date.now() + 1000 }) });
  const giveUpAt = Date.now() + readyWithinMs;
  for (;;) {
    try {
      await client.get('anything').exec();
      break;
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      await pause(50);
    }
  }
  client.close();
}
