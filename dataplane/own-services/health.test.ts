import { once } from 'node:events';
import { type ClientReadableStream, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { connect, unary } from '../../proto/channel/client.ts';
import {
  HealthCheckResponse_ServingStatus as Serving,
  HealthClient,
  type HealthServer,
  HealthService,
  type HealthCheckResponse,
  type HealthListResponse,
} from '../../proto/gen/grpc/health/v1/health.ts';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import type { DataPlane } from '../data-plane.ts';
import { service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';

const greeter = 'go.micro.service.greeter';

function healthClient({ grpc }: Pick<DataPlane, 'grpc'>): HealthClient {
  const client = connect(HealthClient, grpc);
  onTestFinished(() => client.close());
  return client;
}

function check(client: HealthClient, name: string, metadata = new Metadata()): Promise<HealthCheckResponse> {
  return unary((done) => client.check({ service: name }, metadata, done));
}

async function next(watch: ClientReadableStream<HealthCheckResponse>): Promise<Serving> {
  const [response] = (await once(watch, 'data')) as [HealthCheckResponse];
  return response.status;
}

test('Check tells of the data plane and of each service, by its full or its short name', async () => {
  const source = testSource(service(greeter, ['127.0.0.1:1']), service('go.micro.api.deployed', []));
  const client = healthClient(await startTestDataPlane(source));
  expect(await check(client, '')).toEqual({ status: Serving.SERVING });
  expect(await check(client, greeter)).toEqual({ status: Serving.SERVING });
  expect(await check(client, 'greeter')).toEqual({ status: Serving.SERVING });
  expect(await check(client, 'deployed')).toEqual({ status: Serving.NOT_SERVING });
  await expect(check(client, 'nobody')).rejects.toMatchObject({
    code: status.NOT_FOUND,
    details: 'no service is named nobody',
  });
});

test('without a route table the data plane does not serve', async () => {
  const client = healthClient(await startTestDataPlane(testSource()));
  expect(await check(client, '')).toEqual({ status: Serving.NOT_SERVING });
  await expect(check(client, 'greeter')).rejects.toMatchObject({ code: status.UNAVAILABLE });
});

test('List tells of all', async () => {
  const source = testSource(service(greeter, ['127.0.0.1:1']), service('go.micro.api.deployed', []));
  const client = healthClient(await startTestDataPlane(source));
  expect(await unary<HealthListResponse>((done) => client.list({}, done))).toEqual({
    statuses: {
      '': { status: Serving.SERVING },
      [greeter]: { status: Serving.SERVING },
      'go.micro.api.deployed': { status: Serving.NOT_SERVING },
    },
  });
});

test('Watch follows a service from before it is known until it is gone, and tells of changes alone', async () => {
  const source = testSource(service('go.micro.api.other', []));
  const client = healthClient(await startTestDataPlane(source));
  const watch = client.watch({ service: 'greeter' });
  watch.on('error', () => {});
  expect(await next(watch)).toBe(Serving.SERVICE_UNKNOWN);
  source.serve(service(greeter, []));
  expect(await next(watch)).toBe(Serving.NOT_SERVING);
  source.serve(service(greeter, ['127.0.0.1:1']));
  expect(await next(watch)).toBe(Serving.SERVING);
  source.serve(service(greeter, ['127.0.0.1:1', '127.0.0.1:2']));
  source.serve();
  expect(await next(watch)).toBe(Serving.SERVICE_UNKNOWN);
  watch.cancel();
});

test('Watch tells that the data plane drains, and ends with it', async () => {
  const source = testSource();
  // Watches would hold it for longer than the test takes.
  const dataPlane = await startTestDataPlane(source, { timeouts: { drainMs: 60_000 } });
  const watch = healthClient(dataPlane).watch({ service: '' });
  const failed = once(watch, 'error');
  failed.catch(() => {});
  expect(await next(watch)).toBe(Serving.NOT_SERVING);
  source.serve();
  expect(await next(watch)).toBe(Serving.SERVING);
  const draining = next(watch);
  const stopped = dataPlane.stop();
  expect(await draining).toBe(Serving.NOT_SERVING);
  const [error] = (await failed) as [unknown];
  expect(error).toMatchObject({ code: status.UNAVAILABLE });
  await stopped;
});

test('who names a service by metadata asks that one', async () => {
  const instance = new Server();
  instance.addService(HealthService, {
    check: ((_call, answer) => answer(null, { status: Serving.NOT_SERVING })) satisfies HealthServer['check'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    instance.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  onTestFinished(() => instance.forceShutdown());
  const source = testSource(service(greeter, [`127.0.0.1:${port}`], { protocol: Protocol.PROTOCOL_H2C }));
  const client = healthClient(await startTestDataPlane(source));
  const metadata = new Metadata();
  metadata.set('micro-service', greeter);
  expect(await check(client, '')).toEqual({ status: Serving.SERVING });
  expect(await check(client, '', metadata)).toEqual({ status: Serving.NOT_SERVING });
});
