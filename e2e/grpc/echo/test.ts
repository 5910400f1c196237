import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { connectRegistrar } from '../../harness/registrar.ts';
import type { Server } from '../../harness/server.ts';
import { test as base } from '../../harness/test.ts';
import { connectEcho } from './client.ts';
import type { ClientOptions, EchoClient } from './echo.types.ts';
import { type EchoInstance, type InstanceOptions, type Library, service, startEchoInstance } from './instance.ts';

/** What a test has of the echo service. All of it ends with the test. */
export interface Echo {
  /** Starts an instance and registers it. */
  instance(through: Server, library: Library, options?: InstanceOptions): Promise<EchoInstance>;
  /** Connects to a server. */
  client(server: Server, library: Library, options?: Omit<ClientOptions, 'address'>): EchoClient;
  register(through: Server, instance: EchoInstance, name?: string): Promise<void>;
  deregister(through: Server, name?: string): Promise<void>;
}

export const test = base
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern which fixtures are needed
  .extend('echo', async ({}, { onCleanup }): Promise<Echo> => {
    const stack = new AsyncDisposableStack();
    onCleanup(() => stack.disposeAsync());
    const register: Echo['register'] = async (through, { address }, name = 'one') => {
      using registrar = connectRegistrar(through);
      await registrar.register(service, name, address, { protocol: 'grpc' });
    };
    return {
      async instance(through, library, options = {}) {
        const instance = stack.use(await startEchoInstance(library, options));
        await register(through, instance, options.name);
        return instance;
      },
      client: (server, library, options = {}) =>
        stack.use(connectEcho(library, { address: server.addresses.grpc, ...options })),
      register,
      async deregister(through, name = 'one') {
        using registrar = connectRegistrar(through);
        await registrar.deregister(service, name);
      },
    };
  });
