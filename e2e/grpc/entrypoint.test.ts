import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect } from 'vitest';
import { makeCertificate } from '../harness/certificate.ts';
import { connectRegistrar } from '../harness/registrar.ts';
import { metadataKeys, methods } from './echo/echo.types.ts';
import type { Library } from './echo/instance.ts';
import { test } from './echo/test.ts';

const unary = { path: methods.unary, sizes: [16] };

describe.for<Library>(['grpc-js', 'grpcio'])('a client on %s', (client) => {
  test('calls over TLS, with workers too', async ({ start, folder, echo }) => {
    const { certFile, keyFile } = await makeCertificate(folder, 'one');
    const server = await start({ flags: ['--tls-cert', certFile, '--tls-key', keyFile, '--workers', '2'] });
    await echo.instance(server, 'grpc-js');
    const secured = echo.client(server, client, { caFile: certFile });
    expect(await secured.call({ ...unary, sizes: [4 * 1024 * 1024] })).toMatchObject({
      code: status.OK,
      sizes: [4 * 1024 * 1024],
      intact: true,
    });
    expect(await secured.repeat(unary, 500, 50)).toEqual({ [status.OK]: 500 });
  });

  test('finds go-micro services by short names and by the metadata micro-service', async ({ server, echo }) => {
    const { address } = await echo.instance(server, 'grpc-js');
    const { call } = echo.client(server, client);
    const short = { path: '/echo.Echo/Unary', sizes: [16] };
    expect((await call(short)).code).toBe(status.OK);
    const named = { ...short, metadata: [['micro-service', 'go.micro.service.named'] as const] };
    expect(await call(named)).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: expect.stringContaining('go.micro.service.named'),
    });
    using registrar = connectRegistrar(server);
    await registrar.register('go.micro.service.named', 'one', address, { protocol: 'grpc' });
    await expect.poll(async () => (await call(named)).code, { timeout: 10_000 }).toBe(status.OK);
    await registrar.deregister('go.micro.service.named', 'one');
  });

  test('gets an error of go-micro as it was made', async ({ server, echo }) => {
    await echo.instance(server, 'grpcio');
    const error = JSON.stringify({ id: 'go.micro.service.echo', code: 404, detail: 'no “x”', status: 'Not Found' });
    const metadata = [
      [metadataKeys.failWith, String(status.NOT_FOUND)],
      [metadataKeys.failMessage, Buffer.from(error).toString('base64')],
    ] as const;
    const outcome = await echo.client(server, client).call({ ...unary, metadata });
    expect(outcome).toMatchObject({ code: status.NOT_FOUND, details: error });
  });
});

test('calls are in the access log and in the metrics, with the status that they ended with', async ({
  start,
  folder,
  echo,
}) => {
  const file = join(folder, 'access.log');
  const server = await start({ flags: ['--access-log', file] });
  const instance = await echo.instance(server, 'grpc-js');
  const { call } = echo.client(server, 'grpcio');
  const failing = [[metadataKeys.failWith, String(status.NOT_FOUND)] as const];
  await call({ ...unary, metadata: [['x-request-id', 'call-1']] });
  await call({ ...unary, metadata: [...failing, ['x-request-id', 'call-2']] });
  await call({ path: '/nobody.Echo/Unary', sizes: [5], metadata: [['x-request-id', 'call-3']] });
  await call({ path: methods.hold, sizes: [5], timeoutMs: 100, metadata: [['x-request-id', 'call-4']] });

  const lines = async () =>
    (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ requestId }) => requestId.startsWith('call-'));
  await expect.poll(async () => (await lines()).length, { timeout: 10_000 }).toBe(4);
  const one = { entrypoint: 'grpc', protocol: 'gRPC', method: 'POST', path: methods.unary };
  const routed = { service: 'go.micro.service.echo', instance: instance.address };
  expect(await lines()).toMatchObject([
    // The message, behind its head of five bytes.
    { ...one, ...routed, status: 'OK', bytes: 21 },
    { ...one, ...routed, status: 'NOT_FOUND', bytes: 0 },
    { ...one, path: '/nobody.Echo/Unary', status: 'UNIMPLEMENTED' },
    { ...one, ...routed, path: methods.hold, status: expect.stringMatching(/^(DEADLINE_EXCEEDED|CANCELLED)$/) },
  ]);
  const metrics = await (await fetch(`http://${server.addresses.admin}/metrics`)).text();
  for (const code of ['OK', 'NOT_FOUND'])
    expect(metrics).toMatch(
      new RegExp(`^micro_service_requests_total\\{[^}]*service="go.micro.service.echo"[^}]*"${code}"[^}]*\\} 1$`, 'm'),
    );
});
