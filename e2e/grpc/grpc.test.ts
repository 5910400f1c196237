import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { type GreeterClient, greeterClient, type Greeting } from '../harness/greeter-client.ts';
import { samples } from '../harness/samples.ts';
import { test as base } from '../harness/test.ts';

/** A test with a client of the greeter, which runs on the server of the file. */
const test = base.extend('greeter', { scope: 'file' }, async ({ server }, { onCleanup }): Promise<GreeterClient> => {
  await server.succeed('run', samples.greeter);
  const client = greeterClient(server.addresses.grpc);
  onCleanup(() => client.close());
  return client;
});

test('a unary call is answered', async ({ greeter }) => {
  expect(await hello(greeter, 'Ada')).toEqual({ greeting: 'Hello, Ada!' });
});

test('a stream of answers arrives in order and ends', async ({ greeter }) => {
  const greetings: unknown[] = [];
  for await (const greeting of greeter.helloAgain({ name: 'Ada', times: 100 })) greetings.push(greeting);
  expect(greetings).toEqual(Array.from({ length: 100 }, () => ({ greeting: 'Hello, Ada!' })));
});

test('a stream of requests has one answer', async ({ greeter }) => {
  const answer = await new Promise((resolve, reject) => {
    const call = greeter.helloAll((error, greeting) => (error ? reject(error) : resolve(greeting)));
    for (const name of ['Ada', 'Alan', 'Grace']) call.write({ name });
    call.end();
  });
  expect(answer).toEqual({ greeting: 'Hello, Ada, Alan and Grace!' });
});

test('requests and answers go both ways on one call, each before the next', async ({ greeter }) => {
  const call = greeter.helloEach();
  const answers = call[Symbol.asyncIterator]() as AsyncIterator<Greeting>;
  for (const name of ['Ada', 'Alan']) {
    call.write({ name });
    expect((await answers.next()).value).toEqual({ greeting: `Hello, ${name}!` });
  }
  call.end();
  expect((await answers.next()).done).toBe(true);
});

test('an error of the service arrives with its code and message', async ({ greeter }) => {
  await expect(hello(greeter, '')).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: 'give the name of whom to greet',
  });
});

test('a message of two megabytes passes', async ({ greeter }) => {
  const name = 'a'.repeat(2 * 1024 * 1024);
  expect((await hello(greeter, name)).greeting).toBe(`Hello, ${name}!`);
});

test('a call that the client cancels ends at the service too', async ({ greeter, server }) => {
  const call = greeter.helloAgain({ name: 'Canceller', pauseMs: 10 });
  const error = await new Promise<ServiceError>((resolve) => {
    call.once('data', () => call.cancel()).once('error', resolve);
  });
  expect(error.code).toBe(status.CANCELLED);
  await expect
    .poll(async () => (await server.run('logs', 'greeter')).stdout, { timeout: 20_000 })
    .toContain('Canceller has been greeted enough');
});

test('a call whose deadline passes ends at the client and at the service', async ({ greeter, server }) => {
  const call = greeter.helloAgain({ name: 'Latecomer', pauseMs: 10 }, { deadline: Date.now() + 300 });
  const error = await new Promise<ServiceError>((resolve) => {
    call.on('data', () => {}).once('error', resolve);
  });
  expect(error.code).toBe(status.DEADLINE_EXCEEDED);
  await expect
    .poll(async () => (await server.run('logs', 'greeter')).stdout, { timeout: 20_000 })
    .toContain('Latecomer has been greeted enough');
});

test('metadata micro-service names the target, whatever the package is', async ({ greeter }) => {
  const metadata = new Metadata();
  metadata.set('micro-service', 'go.micro.service.nobody');
  await expect(hello(greeter, 'Ada', metadata)).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  metadata.set('micro-service', 'go.micro.service.greeter');
  expect(await hello(greeter, 'Ada', metadata)).toEqual({ greeting: 'Hello, Ada!' });
});

test('a service that is not there is UNIMPLEMENTED', async ({ greeter, server }) => {
  await server.succeed('kill', 'greeter');
  await expect(hello(greeter, 'Ada')).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});

function hello(client: GreeterClient, name: string, metadata = new Metadata()): Promise<Greeting> {
  return new Promise((resolve, reject) => {
    client.hello({ name }, metadata, (error, greeting) => (greeting ? resolve(greeting) : reject(error)));
  });
}
