import { connect } from 'node:net';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { TcpAddress } from '../../../proto/channel/address.ts';
import { dataPlaneOn } from '../../on-stack.fixture.ts';
import { service, testSource } from '../../test-source.fixture.ts';
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
  const instance = stack.use(new RawInstance());
  const address = await instance.start();
  const dead = new RawInstance();
  const deadAddress = await dead.start();
  await dead[Symbol.asyncDispose]();
  const routes = testSource(
    service('go.micro.service.users', [address]),
    service('go.micro.web.blog', [address]),
    service('go.micro.service.dead', [deadAddress]),
    service('go.micro.service.none', []),
  );
  const timeouts = { drainMs: 0 };
  const trusting = await dataPlaneOn(stack, routes, { trustedProxies: ['loopback'], timeouts });
  const doubting = await dataPlaneOn(stack, routes, { trustedProxies: [], timeouts });
  const started = stack.move();
  return {
    instance,
    trusting: trusting.http,
    doubting: doubting.http,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
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
