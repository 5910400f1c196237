import { expect, test } from 'vitest';
import { atAddress, clusterOf } from './address.ts';

const defaults = {
  http: { host: '', port: 8080 },
  grpc: { host: '', port: 8081 },
  admin: { host: '127.0.0.1', port: 8082 },
  control: { host: '127.0.0.1', port: 8083 },
  address: undefined,
  nodes: undefined,
};

const hosts = ({ http, grpc, admin, control }: typeof defaults) => [http, grpc, admin, control].map(({ host }) => host);

test.each([
  ['nothing changes without an address', {}, ['', '', '127.0.0.1', '127.0.0.1']],
  ['entrypoints listen on it', { address: '10.0.0.1' }, ['10.0.0.1', '10.0.0.1', '127.0.0.1', '127.0.0.1']],
  [
    'nodes are reached at it',
    { address: '10.0.0.1', nodes: [{ host: '10.0.0.2' }] },
    ['10.0.0.1', '10.0.0.1', '127.0.0.1', '10.0.0.1'],
  ],
  [
    'several nodes on one machine get out of each other’s way',
    { address: '127.0.0.2', nodes: [{ host: '127.0.0.3' }] },
    ['127.0.0.2', '127.0.0.2', '127.0.0.2', '127.0.0.2'],
  ],
  [
    'a host that is given stays',
    { address: '10.0.0.1', http: { host: '0.0.0.0', port: 80 } },
    ['0.0.0.0', '10.0.0.1', '127.0.0.1', '127.0.0.1'],
  ],
])('%s', (_, given, expected) => {
  expect(hosts(atAddress({ ...defaults, ...given } as typeof defaults))).toEqual(expected);
});

test.each([
  { host: '10.9.9.9', port: 8083 },
  { host: '', port: 0 },
])('in a cluster the control listener cannot be at %o', (control) => {
  const options = { ...defaults, address: '10.0.0.1', nodes: [{ host: '10.0.0.2' }], control };
  expect(() => atAddress(options)).toThrow(/--control: in a cluster/);
});

test('nodes that are named without a port have that of this one', () => {
  const settings = { etcdBin: 'etcd', etcdPeerPort: 2380, etcdClientPort: undefined, clusterTokenFile: undefined };
  const control = { host: '10.0.0.1', port: 9083 };
  const nodes = [{ host: '10.0.0.2' }, { host: '10.0.0.3', port: 7083 }];
  const choice = clusterOf({ ...defaults, ...settings, address: '10.0.0.1', control, nodes });
  expect(choice).toMatchObject({
    address: '10.0.0.1',
    controlPort: 9083,
    nodes: [
      { host: '10.0.0.2', port: 9083 },
      { host: '10.0.0.3', port: 7083 },
    ],
  });
  expect(clusterOf({ ...defaults, ...settings })).toBeUndefined();
});
