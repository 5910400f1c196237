import type { Socket } from 'node:net';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { onTestFinished } from 'vitest';
import type { TcpAddress } from '../proto/channel/address.ts';
import type { RouteSource } from '../proto/routes/source.ts';
import type { DataPlane, DataPlaneOptions } from './data-plane.ts';
import { connectOn, dataPlaneOn, listenOn } from './on-stack.fixture.ts';

export { silent } from './on-stack.fixture.ts';
export { service, snapshotWith, type TestSource, testSource } from './test-source.fixture.ts';

/** What is put on it ends with the test. */
export function stackOfTest(): AsyncDisposableStack {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  return stack;
}

/** A data plane that is stopped when the test ends. */
export function startTestDataPlane(
  routes: RouteSource,
  options: Partial<DataPlaneOptions> = {},
): Promise<DataPlane & { readonly admin: TcpAddress }> {
  return dataPlaneOn(stackOfTest(), routes, options);
}

/** Listens until the test ends. Returns the address. */
export function listenForTest(server: Parameters<typeof listenOn>[1]): Promise<string> {
  return listenOn(stackOfTest(), server);
}

/** A raw connection, for what no HTTP client would send. Closed when the test ends. */
export function rawConnection(address: TcpAddress): Socket {
  return connectOn(stackOfTest(), address);
}
