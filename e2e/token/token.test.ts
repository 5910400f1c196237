import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { unary, connect } from '../../proto/channel/client.ts';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { RuntimeClient, type StatusResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { runMicro } from '../harness/command.ts';
import { test } from '../harness/test.ts';

test('the token is made at the first start, for its owner alone', async ({ server }) => {
  expect(server.token).toMatch(/^\S{32,}$/);
  const { mode } = await stat(join(server.dataDir, 'token'));
  expect((mode & 0o777).toString(8)).toBe('600');
  expect(server.log()).not.toContain(server.token);
});

test('a call to an internal system without a token is UNAUTHENTICATED', async ({ server }) => {
  const client = new RuntimeClient(server.addresses.grpc, credentials.createInsecure());
  await expect(unary<StatusResponse>((done) => client.status({ service: '' }, done))).rejects.toMatchObject({
    code: status.UNAUTHENTICATED,
  });
  client.close();
});

test('a call to an internal system with the token is answered', async ({ server }) => {
  const client = connect(RuntimeClient, parseTcpAddress(server.addresses.grpc), { token: server.token });
  expect(await unary<StatusResponse>((done) => client.status({ service: '' }, done))).toEqual({ deployments: [] });
  client.close();
});

test.for(['wrong', 'x'.repeat(64)])(
  'a command with the token "%s" is refused in one line, exit 1',
  async (token, { server }) => {
    const { stdout, stderr, exitCode } = await server.run('status', '--token', token);
    expect([stdout, exitCode]).toEqual(['', 1]);
    expect(stderr).toMatch(/^micro: .* refused the token: [^\n]*--token or MICRO_TOKEN$/);
  },
);

test('a command finds the token in MICRO_TOKEN too', async ({ server, folder }) => {
  const result = await runMicro(['status', '--server', server.addresses.grpc, '--json'], {
    MICRO_DATA_DIR: folder,
    MICRO_TOKEN: server.token,
  });
  expect(result).toEqual({ stdout: '[]', stderr: '', exitCode: 0 });
});
