import { EventEmitter } from 'node:events';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import type { SubscribeRequest, SubscribeResponse } from '../gen/micro/routes/v1/routes.ts';
import { serveRoutes } from './serve.ts';
import type { RouteSource, RouteSubscription } from './source.ts';

test('a message of a kind that is not known is passed over', () => {
  const close = vi.fn<RouteSubscription['close']>();
  const call = new EventEmitter();
  serveRoutes({ subscribe: () => ({ drained: () => undefined, close }) })(
    call as ServerDuplexStream<SubscribeRequest, SubscribeResponse>,
  );
  call.emit('data', { message: { $case: 'hello', value: { dataPlane: 'newer', httpAddress: '', revision: 0n } } });
  call.emit('data', { message: undefined });
  expect(close).not.toHaveBeenCalled();
});

test('a hello after a message that was refused subscribes nobody', () => {
  const subscribe = vi.fn<RouteSource['subscribe']>(() => ({ drained: () => undefined, close: () => undefined }));
  const call = new EventEmitter();
  const errors: unknown[] = [];
  call.on('error', (error) => errors.push(error));
  serveRoutes({ subscribe })(call as ServerDuplexStream<SubscribeRequest, SubscribeResponse>);

  const send = (message: SubscribeRequest['message']) => call.emit('data', { message });
  send({ $case: 'ack', value: { revision: 1n, draining: [] } });
  send({ $case: 'hello', value: { dataPlane: 'late', httpAddress: '', httpUsesTls: false, revision: 0n } });
  expect(subscribe).not.toHaveBeenCalled();
  expect(errors).toEqual([expect.objectContaining({ code: status.INVALID_ARGUMENT })]);
});
