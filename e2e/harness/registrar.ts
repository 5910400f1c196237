import { parseTcpAddress } from '../../proto/channel/address.ts';
import { connect, unary } from '../../proto/channel/client.ts';
import {
  type DeregisterResponse,
  type RegisterResponse,
  RegistryClient,
} from '../../proto/gen/micro/registry/v1/registry.ts';
import type { Server } from './server.ts';

/** Registers and deregisters instances, over one connection. */
export interface Registrar extends Disposable {
  /** @param metadata of the instance; none by default, which makes it one of HTTP/1.1 */
  register(service: string, id: string, address: string, metadata?: Readonly<Record<string, string>>): Promise<void>;
  deregister(service: string, id: string): Promise<void>;
}

export function connectRegistrar({ addresses, token }: Server): Registrar {
  const registry = connect(RegistryClient, parseTcpAddress(addresses.grpc), { token });
  return {
    async register(service, id, address, metadata = {}) {
      const instance = { id, address, metadata };
      const request = { service, version: 'v1', instance, endpoints: [], metadata: {}, ttlSeconds: 600 };
      await unary<RegisterResponse>((done) => registry.register(request, done));
    },
    async deregister(service, instanceId) {
      await unary<DeregisterResponse>((done) => registry.deregister({ service, instanceId }, done));
    },
    [Symbol.dispose]: () => registry.close(),
  };
}
