import { parseTcpAddress } from '../../proto/channel/address.ts';
import { connect, unary } from '../../proto/channel/client.ts';
import {
  type DeregisterResponse,
  type RegisterResponse,
  RegistryClient,
} from '../../proto/gen/micro/registry/v1/registry.ts';
import type { Server } from '../harness/server.ts';

/** Registers and deregisters instances, over one connection. */
export interface Registrar extends Disposable {
  register(service: string, id: string, address: string): Promise<void>;
  deregister(service: string, id: string): Promise<void>;
}

export function connectRegistrar({ addresses, token }: Server): Registrar {
  const registry = connect(RegistryClient, parseTcpAddress(addresses.grpc), { token });
  return {
    async register(service, id, address) {
      const instance = { id, address, metadata: {} };
      const request = { service, version: 'v1', instance, endpoints: [], metadata: {}, ttlSeconds: 600 };
      await unary<RegisterResponse>((done) => registry.register(request, done));
    },
    async deregister(service, instanceId) {
      await unary<DeregisterResponse>((done) => registry.deregister({ service, instanceId }, done));
    },
    [Symbol.dispose]: () => registry.close(),
  };
}
