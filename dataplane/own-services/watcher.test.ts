import { EventEmitter } from 'node:events';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../proto/gen/grpc/health/v1/health.ts';
import { Health } from './health.ts';
import { Watcher } from './watcher.ts';

/** A call of a client that reads what it is sent when the test says so. */
class TestCall extends EventEmitter {
  readonly request: HealthCheckRequest = { service: 'greeter' };
  readonly sent: Serving[] = [];
  readonly failures: unknown[] = [];
  isRead = true;

  constructor() {
    super();
    this.on('error', (failure) => this.failures.push(failure));
  }

  write({ status: serving }: HealthCheckResponse): boolean {
    this.sent.push(serving);
    return this.isRead;
  }
}

const asCall = (call: TestCall) => call as unknown as ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

test('a client that reads slowly is told the last status, and none between', () => {
  const call = new TestCall();
  const watcher = new Watcher(asCall(call));
  call.isRead = false;
  watcher.tell(Serving.SERVING);
  for (let turn = 0; turn < 1_000; turn += 1) {
    watcher.tell(Serving.NOT_SERVING);
    watcher.tell(Serving.SERVICE_UNKNOWN);
  }
  expect(call.sent).toEqual([Serving.SERVING]);
  call.emit('drain');
  expect(call.sent).toEqual([Serving.SERVING, Serving.SERVICE_UNKNOWN]);
});

test('what was so before it fell behind, and is so again, is not told again', () => {
  const call = new TestCall();
  const watcher = new Watcher(asCall(call));
  call.isRead = false;
  watcher.tell(Serving.SERVING);
  watcher.tell(Serving.NOT_SERVING);
  watcher.tell(Serving.SERVING);
  call.emit('drain');
  expect(call.sent).toEqual([Serving.SERVING]);
});

test('a thousand calls watch, one more is refused, and one that ends makes room', () => {
  const health = new Health(() => undefined);
  const watch = (): TestCall => {
    const call = new TestCall();
    health.service.watch(asCall(call));
    return call;
  };
  const calls = Array.from({ length: 1_000 }, watch);
  expect(watch().failures).toEqual([expect.objectContaining({ code: status.RESOURCE_EXHAUSTED })]);
  calls[0]?.emit('close');
  expect(watch().sent).toEqual([Serving.SERVICE_UNKNOWN]);
});
