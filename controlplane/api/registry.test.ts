import { type ClientReadableStream, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, unary } from '../../proto/channel/client.ts';
import {
  type GetResponse,
  type ListResponse,
  RegistryClient,
  RegistryService,
  type RegisterRequest,
  type WatchResponse,
} from '../../proto/gen/micro/registry/v1/registry.ts';
import { greeter, useRegistry } from '../registry/registry.fixture.ts';
import { startSelfRegistrations } from '../registry/self-registrations.ts';
import { registryService } from './registry.ts';

const within = { timeout: 15_000 };
const { name, instance } = greeter();

const request: RegisterRequest = {
  service: name,
  version: '1.0.0',
  instance: { ...instance },
  endpoints: [
    {
      name: 'Say.Hello',
      request: { name: 'Request', type: 'Request', values: [{ name: 'name', type: 'string', values: [] }] },
      response: undefined,
      metadata: { stream: 'false' },
    },
  ],
  metadata: { team: 'web' },
  ttlSeconds: 0,
};

const registered = {
  name,
  version: '1.0.0',
  metadata: request.metadata,
  endpoints: request.endpoints,
  instances: [instance],
};

describe('the internal system micro.registry.v1', () => {
  const registry = useRegistry();
  let server: Server;
  let client: RegistryClient;
  let registrations: ReturnType<typeof startSelfRegistrations>;

  beforeEach(async () => {
    const { client: store, view, log } = registry();
    registrations = startSelfRegistrations({ client: store, view, log });
    server = new Server();
    server.addService(RegistryService, registryService({ view, selfRegistrations: registrations, log }));
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    client = connect(RegistryClient, { host: '127.0.0.1', port });
  });

  afterEach(() => {
    client.close();
    server.forceShutdown();
    registrations.stop();
  });

  const register = (changes: Partial<RegisterRequest> = {}) =>
    unary((done) => client.register({ ...request, ...changes }, done));
  const deregister = (instanceId: string) => unary((done) => client.deregister({ service: name, instanceId }, done));
  const get = (service: string) => unary<GetResponse>((done) => client.get({ name: service }, done));
  const list = () => unary<ListResponse>((done) => client.list({}, done));
  const watch = (service: string) => {
    const received: WatchResponse[] = [];
    const stream: ClientReadableStream<WatchResponse> = client.watch({ name: service });
    stream.on('data', (message: WatchResponse) => received.push(message));
    stream.on('error', () => undefined);
    return { stream, received };
  };

  test('registers an instance, shows it, and removes it', async () => {
    await register();
    await expect.poll(() => get(name).catch(String), within).toEqual({ services: [registered] });
    expect(await list()).toEqual({ services: [registered] });
    await deregister(instance.id);
    await expect.poll(list, within).toEqual({ services: [] });
  });

  test('leaves a registration for 60 seconds when no time is asked for', async () => {
    await register();
    const { kvs } = await registry().client.get(`/micro/registry/${name}/${instance.id}`).exec();
    const { grantedTTL } = await registry().client.leaseClient.leaseTimeToLive({ ID: kvs[0]?.lease ?? '0' });
    expect(grantedTTL).toBe('60');
  });

  test('answers NOT_FOUND for what is not registered', async () => {
    await expect(get('nobody')).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'no service "nobody" is registered: see "micro services"',
    });
    await expect(deregister('nobody')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test('answers INVALID_ARGUMENT with every problem of a request', async () => {
    const problems = /service name "a b".*; .*version.*; .*instance id.*; .*instance address.*; .*time to live, 1,/;
    await expect(register({ service: 'a b', version: '', instance: undefined, ttlSeconds: 1 })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(problems),
    });
  });

  test('refuses names of internal systems', async () => {
    await expect(register({ service: 'micro.runtime.v1' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('is reserved'),
    });
  });

  test('answers UNAVAILABLE while the store is away, and still shows what is known', async () => {
    await register();
    await expect.poll(list, within).toEqual({ services: [registered] });
    const { etcd, mirror } = registry();
    await etcd.kill();
    await expect(register()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(await list()).toEqual({ services: [registered] });
    await etcd.restart();
    await vi.waitFor(() => expect(mirror.status.reachable).toBe(true), within);
  });

  test('sends a watcher what stands, then each service whenever it changes', async () => {
    await register();
    await expect.poll(list, within).toEqual({ services: [registered] });
    const { stream, received } = watch('');
    await vi.waitFor(() => expect(received).toEqual([{ name, services: [registered] }]), within);
    await deregister(instance.id);
    await vi.waitFor(() => expect(received.at(-1)).toEqual({ name, services: [] }), within);
    stream.cancel();
  });

  test('sends a watcher of one service nothing of others', async () => {
    const { stream, received } = watch(name);
    await vi.waitFor(() => expect(received).toEqual([{ name, services: [] }]), within);
    await register({ service: 'another' });
    await register();
    await vi.waitFor(() => expect(received.at(-1)).toEqual({ name, services: [registered] }), within);
    expect(new Set(received.map((message) => message.name))).toEqual(new Set([name]));
    stream.cancel();
  });

  test('sends a slow watcher the last state, not all that led there', async () => {
    const { stream, received } = watch('');
    stream.pause();
    const padding = 'x'.repeat(20_000);
    const count = 200;
    for (let round = 1; round <= count; round += 1) await register({ metadata: { padding, round: String(round) } });
    await vi.waitFor(() => {
      expect(registry().view.get(name)[0]?.metadata['round']).toBe(String(count));
    }, within);
    stream.resume();
    await vi.waitFor(() => expect(received.at(-1)?.services[0]?.metadata['round']).toBe(String(count)), within);
    expect(received.length).toBeLessThan(count / 2);
    stream.cancel();
  });
});
