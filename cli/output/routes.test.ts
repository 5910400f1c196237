import { expect, test } from 'vitest';
import { Protocol, type Snapshot } from '../../proto/gen/micro/routes/v1/routes.ts';
import { listRoutes } from './routes.ts';

const { PROTOCOL_H2C, PROTOCOL_HTTP1 } = Protocol;

const prefixes: Snapshot['prefixes'] = [
  { path: '/service/', namespace: 'go.micro.service', web: false },
  { path: '/api/', namespace: 'go.micro.api', web: false },
];

function routesOf(name: string, ...instances: [version: string, address: string, protocol: Protocol][]) {
  const all = instances.map(([version, address, protocol]) => ({
    id: address,
    version,
    address,
    protocol,
    weight: 1,
    healthCheck: undefined,
  }));
  return listRoutes({ clusterId: 1n, revision: 1n, prefixes, services: [{ name, instances: all }] });
}

test('a service that speaks gRPC has a route on each entrypoint', () => {
  expect(routesOf('go.micro.service.greeter', ['v1', 'a:1', PROTOCOL_H2C])).toEqual([
    {
      entrypoint: 'http',
      route: '/service/greeter/',
      service: 'go.micro.service.greeter',
      version: 'v1',
      instances: ['a:1'],
      percent: 100,
    },
    {
      entrypoint: 'grpc',
      route: '/go.micro.service.greeter.',
      service: 'go.micro.service.greeter',
      version: 'v1',
      instances: ['a:1'],
      percent: 100,
    },
  ]);
});

test('versions have a line each, with their instances and their part of the weight', () => {
  const routes = routesOf(
    'go.micro.api.a',
    ['v2', 'a:2', PROTOCOL_HTTP1],
    ['v1', 'a:1', PROTOCOL_HTTP1],
    ['v1', 'a:3', PROTOCOL_HTTP1],
  );
  expect(routes.map(({ route, version, instances, percent }) => [route, version, instances, percent])).toEqual([
    ['/api/a/', 'v1', ['a:1', 'a:3'], 66.7],
    ['/api/a/', 'v2', ['a:2'], 33.3],
  ]);
});

test('a version in a name is a part of the path', () => {
  expect(routesOf('go.micro.api.v1.greeter', ['v1', 'a:1', PROTOCOL_HTTP1])[0]?.route).toBe('/api/v1/greeter/');
});

test('a service of which nothing lives is listed without instances', () => {
  expect(routesOf('go.micro.api.down')).toEqual([
    { entrypoint: 'http', route: '/api/down/', service: 'go.micro.api.down', version: '', instances: [], percent: 0 },
  ]);
});
