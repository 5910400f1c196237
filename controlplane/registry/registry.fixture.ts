import type { Etcd3 } from 'etcd3';
import { type Logger, pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { connectEtcd } from '../etcd/client/connect.ts';
import { startMirror } from '../etcd/client/mirror.ts';
import type { Mirror } from '../etcd/client/mirror.types.ts';
import { type RealEtcd, startRealEtcd } from '../etcd/contract/real-etcd.ts';
import type { Registered, RegistryView } from './types.ts';
import { startRegistryView } from './view.ts';

/** What the tests of the registry share. */
export interface RegistryFixture {
  readonly etcd: RealEtcd;
  readonly client: Etcd3;
  readonly mirror: Mirror;
  readonly view: RegistryView;
  readonly log: Logger;
  /** What was logged at warn and above in this test. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
}

/** One real etcd for a file, emptied before each test, with a mirror and a view of it. */
export function useRegistry(): () => RegistryFixture {
  let etcd: RealEtcd;
  let client: Etcd3;
  let fixture: RegistryFixture;
  beforeAll(async () => {
    etcd = await startRealEtcd();
    client = connectEtcd({ hosts: [etcd.host] });
  });
  afterAll(async () => {
    client.close();
    await etcd.stop();
  });
  beforeEach(async () => {
    await client.delete().all();
    const logged: Readonly<Record<string, unknown>>[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
    const mirror = await startMirror({ client, prefix: '/micro/', log });
    fixture = { etcd, client, mirror, view: startRegistryView({ mirror, log }), log, logged };
  });
  afterEach(async () => {
    fixture.view.stop();
    await fixture.mirror.stop();
  });
  return () => fixture;
}

/** An instance of a small service. */
export function greeter(number = 1, version = '1.0.0'): Registered {
  return {
    name: 'go.micro.service.greeter',
    version,
    metadata: {},
    endpoints: [],
    instance: { id: `greeter-${number}`, address: `127.0.0.1:${4000 + number}`, metadata: { protocol: 'grpc' } },
  };
}
