import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startEmbeddedEtcd } from '../embedded/embedded-etcd.ts';

/** An etcd to test against, by the address of its gRPC API. */
export interface EtcdUnderTest {
  /** "127.0.0.1:port". */
  readonly host: string;
  /** Stops it and starts it again on the same data and address. */
  restart(): Promise<void>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** The embedded etcd in this process, on loopback, with its data in a temporary folder. */
export async function startTemporaryEmbeddedEtcd(): Promise<EtcdUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'micro-embedded-etcd-'));
  const start = (port: number): ReturnType<typeof startEmbeddedEtcd> =>
    startEmbeddedEtcd({
      folder: join(folder, 'etcd'),
      socketPath: join(folder, 'etcd.sock'),
      listen: { host: '127.0.0.1', port },
      log: pino({ level: 'silent' }),
    });
  let server = await start(0);
  const host = server.addresses[1] ?? '';
  return {
    host,
    restart: async () => {
      await server.stop();
      server = await start(Number(host.split(':')[1]));
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
