import { Metadata } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { grpcClient, say, startGrpcInstance } from './grpc.fixture.ts';

const greeter = (...addresses: string[]) =>
  testSource(service('go.micro.service.greeter', addresses, { protocol: Protocol.PROTOCOL_H2C }));

test('a unary call reaches its service and its answer comes back', async () => {
  const instance = await startGrpcInstance({
    hello: (call, callback) => callback(null, Buffer.from(`hello ${call.request.toString()}`)),
  });
  const { grpc } = await startTestDataPlane(greeter(instance));
  const client = grpcClient(grpc);
  const answer = await new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      say.hello.path,
      say.hello.requestSerialize,
      say.hello.responseDeserialize,
      Buffer.from('you'),
      new Metadata(),
      { deadline: Date.now() + 5000 },
      (error, value) => (error ? reject(error) : resolve(String(value))),
    );
  });
  expect(answer).toBe('hello you');
});
