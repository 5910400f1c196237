import { type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { headers, startFrameInstance } from './frame-peers.fixture.ts';
import { grpcClient, hello } from './grpc.fixture.ts';
import { flag, frameType } from './hpack/wire.fixture.ts';

const greeter = (...addresses: string[]) =>
  testSource(service('go.micro.service.greeter', addresses, { protocol: Protocol.PROTOCOL_H2C }));

const unavailable = (details: RegExp) =>
  expect.objectContaining({
    code: status.UNAVAILABLE,
    details: expect.stringMatching(details) as string,
  }) as ServiceError;

test('a whole answer that cannot be decompressed ends its call', async () => {
  const instance = await startFrameInstance(({ type, flags, stream }, peer) => {
    // Index 0 means nothing (RFC 7541 section 6.1).
    if (type === frameType.data && (flags & flag.endStream) !== 0)
      peer.send(headers(stream, Buffer.of(0x20, 0x80), true));
  });
  const { grpc } = await startTestDataPlane(greeter(instance));
  await expect(hello(grpcClient(grpc), '')).rejects.toEqual(unavailable(/connection to the instance was lost/));
});
