import { availableParallelism, homedir } from 'node:os';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readSettings } from './setting.ts';
import { controlPlaneSettings, dataDir, dataPlaneSettings, logLevel, token } from './settings.ts';

const settings = { dataDir, token, logLevel, ...controlPlaneSettings, ...dataPlaneSettings };
const names = Object.keys(settings) as (keyof typeof settings)[];

function read(flags: Partial<Record<keyof typeof settings, string>>, environment: Record<string, string> = {}) {
  const all = Object.fromEntries(names.map((name) => [name, flags[name]])) as Record<
    keyof typeof settings,
    string | undefined
  >;
  return readSettings(settings, all, environment);
}

test('without flags and environment the defaults hold', () => {
  expect(read({})).toEqual({
    dataDir: `${homedir()}/.micro`,
    token: undefined,
    logLevel: 'info',
    control: { host: '127.0.0.1', port: 8083 },
    etcd: undefined,
    etcdListen: { host: '127.0.0.1', port: 2379 },
    servicesRepo: 'github.com/micro/services',
    namespace: 'go.micro',
    readyTimeout: 60_000,
    instanceDrain: 30_000,
    http: { host: '', port: 8080 },
    grpc: { host: '', port: 8081 },
    admin: { host: '127.0.0.1', port: 8082 },
    workers: 1,
    tlsCert: undefined,
    tlsKey: undefined,
    trustedProxies: [],
    accessLog: 'stdout',
    headTimeout: 10_000,
    idleTimeout: 75_000,
    connectTimeout: 1_000,
    answerTimeout: 60_000,
    maxStreams: 1_000,
    drainGrace: 500,
    drain: 10_000,
  });
});

test('a flag beats the environment, which beats the default', () => {
  const environment = {
    MICRO_HTTP: ':1',
    MICRO_DATA_DIR: '/from/environment',
    MICRO_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
  };
  const values = read({ http: ':2' }, environment);
  expect(values.http).toEqual({ host: '', port: 2 });
  expect(values.dataDir).toBe('/from/environment');
  expect(values.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
});

test('"off" closes the registry door and the access log', () => {
  const { etcdListen, accessLog } = read({ etcdListen: 'off', accessLog: 'off' });
  expect([etcdListen, accessLog]).toEqual([undefined, undefined]);
});

test('the certificate and its key are given both or not at all', () => {
  const pair = read({ tlsCert: 'cert.pem' }, { MICRO_TLS_KEY: '/etc/key.pem' });
  expect([pair.tlsCert, pair.tlsKey]).toEqual([resolve('cert.pem'), '/etc/key.pem']);
  expect(() => read({ tlsCert: 'cert.pem' })).toThrow('--tls-cert: it needs --tls-key too');
  expect(() => read({}, { MICRO_TLS_KEY: 'key.pem' })).toThrow('MICRO_TLS_KEY: it needs --tls-cert too');
});

test.each([
  ['500ms', 500],
  ['0s', 0],
  ['10m', 600_000],
])('a duration of %s is %i milliseconds', (text, milliseconds) => {
  expect(read({ instanceDrain: text }).instanceDrain).toBe(milliseconds);
});

test.each([
  ['30', '"30" is not a duration such as 500ms, 30s or 2m'],
  ['-1s', '"-1s" is not a duration such as 500ms, 30s or 2m'],
  ['11m', 'it is more than 10m'],
])('a duration of %s is refused', (text, problem) => {
  expect(() => read({ instanceDrain: text })).toThrow(`--instance-drain: ${problem}`);
});

test('workers are counted, or there is one for each processor', () => {
  expect(read({ workers: '4' }).workers).toBe(4);
  expect(read({ workers: 'auto' }).workers).toBe(availableParallelism());
});

test('several external etcd endpoints are taken apart', () => {
  expect(read({ etcd: 'a:1,b:2' }).etcd).toEqual([
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
  ]);
});

test('everything that is wrong is told at once, by the name under which it was given', () => {
  const flags = {
    http: '8080',
    etcdListen: '0.0.0.0:2379',
    namespace: 'Go Micro',
    accessLog: '',
    trustedProxies: '10.0.0.0/33',
    workers: '0',
    drainGrace: '5',
    drain: '61m',
  };
  expect(() =>
    read(flags, { MICRO_GRPC: ':99999', MICRO_LOG_LEVEL: 'loud', MICRO_ETCD: ',' }),
  ).toThrowErrorMatchingInlineSnapshot(`
    [UsageError: the configuration is wrong:
      MICRO_LOG_LEVEL: it is one of debug, info, warn, error
      MICRO_ETCD: it needs at least one host:port
      --etcd-listen: it may listen on the loopback only, such as 127.0.0.1:2379: whoever reaches it can register services
      --namespace: it is made of lower-case words with dots between them, such as go.micro
      --http: "8080" is not an address: write host:port, such as 127.0.0.1:8080
      MICRO_GRPC: ":99999" has a port above 65535
      --workers: it is a number from 1 to 999, or "auto"
      --trusted-proxies: "10.0.0.0/33" is neither an IP address nor a network such as 10.0.0.0/8
      --access-log: it is "stdout", "off" or a file
      --drain-grace: "5" is not a duration such as 500ms, 30s or 2m
      --drain: it is more than 60m]
  `);
});
