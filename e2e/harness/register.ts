import { parseTcpAddress } from '../../proto/channel/address.ts';
import { connect, unary } from '../../proto/channel/client.ts';
import { type RegisterResponse, RegistryClient } from '../../proto/gen/micro/registry/v1/registry.ts';
import type { Server } from './server.ts';

/** Registers an instance, of HTTP/1.1 unless metadata say otherwise, through a server that routes to the registry. */
export async function register(
  through: Server,
  token: string,
  service: string,
  address: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const registry = connect(RegistryClient, parseTcpAddress(through.addresses.grpc), { token });
  const instance = { id: `${service}-1`, address, metadata };
  const request = { service, version: 'v1', instance, endpoints: [], metadata: {}, ttlSeconds: 60 };
  try {
    await unary<RegisterResponse>((done) => registry.register(request, done));
  } finally {
    registry.close();
  }
}
