import { Client, type Metadata } from '@grpc/grpc-js';
import type { DescMethod } from '@bufbuild/protobuf';
import type { Server } from '../client-command.ts';

const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * Calls a method with one message, and yields each answer as it comes. On the wire a call with one answer is no other than
 * one with many.
 *
 * @param timeoutMs infinite for no deadline
 */
export async function* invoke(
  server: Server,
  { parent, name }: DescMethod,
  request: Uint8Array,
  metadata: Metadata,
  timeoutMs: number,
): AsyncGenerator<Uint8Array> {
  const path = `/${parent.typeName}/${name}`;
  const options = { deadline: Date.now() + timeoutMs };
  const client = server.client(Client);
  yield* client.makeServerStreamRequest(path, asIs, asIs, Buffer.from(request), metadata, options);
}
