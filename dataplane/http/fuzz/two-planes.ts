import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { pino } from 'pino';
import type { TcpAddress } from '../../../proto/channel/address.ts';
import { Protocol, type Service, type Snapshot } from '../../../proto/gen/micro/routes/v1/routes.ts';
import type { RouteSource } from '../../../proto/routes/source.ts';
import { type DataPlane, startDataPlane } from '../../data-plane.ts';
import { RawInstance } from '../raw-instance.fixture.ts';

/** Two whole data planes in front of one instance: one believes what its clients say of the way they came, one does not. */
export interface TwoPlanes extends AsyncDisposable {
  readonly instance: RawInstance;
  readonly trusting: TcpAddress;
  readonly doubting: TcpAddress;
}

/** The services `users`, with the instance; `web` pages, with the same; `dead`, at an address that nobody listens on; `none`. */
export async function startTwoPlanes(): Promise<TwoPlanes> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.adopt(await mkdtemp(join(tmpdir(), 'micro-fuzz-')), (path) => rm(path, { recursive: true }));
  const instance = stack.use(new RawInstance());
  const address = await instance.start();
  const dead = new RawInstance();
  const deadAddress = await dead.start();
  await dead[Symbol.asyncDispose]();
  const routes = sourceOf([
    serviceAt('go.micro.service.users', address),
    serviceAt('go.micro.web.blog', address),
    serviceAt('go.micro.service.dead', deadAddress),
    { name: 'go.micro.service.none', instances: [] },
  ]);
  const start = async (name: string, trustedProxies: readonly string[]): Promise<DataPlane> =>
    stack.adopt(
      await startDataPlane({
        name,
        routes,
        http: { host: '127.0.0.1', port: 0 },
        grpc: { host: '127.0.0.1', port: 0 },
        admin: undefined,
        lastGoodFile: join(folder, name),
        keepsLastGood: false,
        trustedProxies,
        timeouts: { drainMs: 0 },
        log: pino({ level: 'silent' }),
      }),
      (plane) => plane.stop(),
    );
  const trusting = await start('trusting', ['loopback']);
  const doubting = await start('doubting', []);
  const started = stack.move();
  return {
    instance,
    trusting: trusting.http,
    doubting: doubting.http,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function serviceAt(name: string, address: string): Service {
  const instance = { id: name, version: '1', address, protocol: Protocol.PROTOCOL_HTTP1, weight: 1 };
  return { name, instances: [{ ...instance, healthCheck: undefined }] };
}

function sourceOf(services: Service[]): RouteSource {
  const prefixes = [
    { path: '/service/', namespace: 'go.micro.service', web: false },
    { path: '/web/', namespace: 'go.micro.web', web: true },
  ];
  const value: Snapshot = { clusterId: 1n, revision: 1n, prefixes, services };
  return {
    subscribe(subscriber) {
      subscriber.connection({ status: 'connected' });
      void subscriber.apply({ $case: 'snapshot', value });
      return { drained() {}, close() {} };
    },
  };
}

/** Sends these pieces one after the other, and resolves with all that comes back, as latin1. */
export async function converse({ host, port }: TcpAddress, pieces: readonly Buffer[]): Promise<string> {
  const socket = connect({ host, port, noDelay: true });
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  const closed = new Promise((resolve, reject) => {
    socket.once('close', resolve).once('error', reject);
  });
  const send = async (): Promise<void> => {
    for (const piece of pieces) {
      if (socket.destroyed) return;
      await new Promise((resolve) => {
        socket.write(piece, resolve);
      });
      await new Promise(setImmediate);
    }
  };
  await Promise.all([send(), closed]);
  return received;
}
