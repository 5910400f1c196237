import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import {
  HealthCheckResponse_ServingStatus as Serving,
  type HealthServer,
  HealthService,
} from '../../proto/gen/grpc/health/v1/health.ts';
import { type ServerReflectionServer, ServerReflectionService } from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import { runCli } from '../cli.ts';

async function run(...args: string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exitCode = await runCli(args, '0.0.0', { env: {}, stdin: new PassThrough(), stdout, stderr });
  stdout.end();
  stderr.end();
  return { exitCode, stdout: await text(stdout), stderr: await text(stderr) };
}

/** A server that knows every service, behind which reflection wants to know who asks. */
async function startServer(serving: Serving): Promise<{ address: string; received: Metadata[] }> {
  const received: Metadata[] = [];
  const server = new Server();
  server.addService(HealthService, {
    check: ((call, answer) => {
      received.push(call.metadata);
      answer(null, { status: serving });
    }) satisfies HealthServer['check'],
  });
  server.addService(ServerReflectionService, {
    serverReflectionInfo: ((call) => {
      received.push(call.metadata);
      call.emit('error', { code: status.UNAUTHENTICATED, details: 'who are you?' });
    }) satisfies ServerReflectionServer['serverReflectionInfo'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { address: `127.0.0.1:${port}`, received };
}

test('a service that refuses its caller is told as itself, and never sent the control token', async () => {
  const { address, received } = await startServer(Serving.SERVING);
  const { exitCode, stderr } = await run('call', 'vault', 'Vault.Open', '--server', address, '--token', 'secret');
  expect(exitCode).toBe(1);
  expect(JSON.parse(stderr)).toEqual({ id: 'vault', code: 401, detail: 'who are you?', status: 'Unauthorized' });
  expect(received.map((metadata) => metadata.get('authorization'))).toEqual([[], []]);
});

test('an internal system that refuses the token is told as any command does', async () => {
  const { address, received } = await startServer(Serving.SERVING);
  const flags = ['--server', address, '--token', 'secret'];
  const { exitCode, stderr } = await run('call', 'micro.vault.v1', 'Vault.Open', ...flags);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`micro: ${address} refused the token: `)]);
  expect(received.map((metadata) => metadata.get('authorization'))).toEqual([['Bearer secret']]);
});

test('a service of which nothing lives is not called', async () => {
  const { address, received } = await startServer(Serving.NOT_SERVING);
  expect(await run('call', 'vault', 'Vault.Open', '--server', address)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: "micro: vault has no live instance: 'micro status' tells what became of them\n",
  });
  expect(received).toHaveLength(1);
});
