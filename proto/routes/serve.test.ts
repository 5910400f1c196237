import { EventEmitter } from 'node:events';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import type { SubscribeRequest, SubscribeResponse } from '../gen/micro/routes/v1/routes.ts';
import { serveRoutes } from './serve.ts';
import type { RouteSource } from './source.ts';

test('a hello after a message that was refused subscribes nobody', () => {
  const subscribe = vi.fn<RouteSource['subscribe']>(() => ({ close: () => undefined }));
  const call = new EventEmitter();
  const errors: unknown[] = [];
  call.on('error', (error) => errors.push(error));
  serveRoutes({ subscribe })(call as ServerDuplexStream<SubscribeRequest, SubscribeResponse>);

  const send = (message: SubscribeRequest['message']) => call.emit('data', { message });
  send({ $case: 'ack', value: { revision: 1n } });
  send({ $case: 'hello', value: { dataPlane: 'late', httpAddress: '', revision: 0n } });
  expect(subscribe).not.toHaveBeenCalled();
  expect(errors).toEqual([expect.objectContaining({ code: status.INVALID_ARGUMENT })]);
});
