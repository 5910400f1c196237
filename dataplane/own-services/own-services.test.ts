import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startOwnServices } from './own-services.ts';

function socketOf({ table }: Awaited<ReturnType<typeof startOwnServices>>): string {
  const [instance] = table.services.get('grpc.health.v1')?.instances ?? [];
  return instance?.name.replace('unix:', '') ?? '';
}

test('the socket is for this user alone, and gone when the services have stopped', async () => {
  const own = await startOwnServices(() => undefined);
  const folder = dirname(socketOf(own));
  expect(((await stat(folder)).mode & 0o777).toString(8)).toBe('700');
  await own.stop();
  await expect(access(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('two in one process have sockets of their own', async () => {
  const [one, other] = await Promise.all([startOwnServices(() => undefined), startOwnServices(() => undefined)]);
  expect(socketOf(one)).not.toBe(socketOf(other));
  await Promise.all([one.stop(), other.stop()]);
});

test('a folder that the socket cannot be made in is named, with what to do', async () => {
  vi.stubEnv('TMPDIR', '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startOwnServices(() => undefined)).rejects.toMatchObject({
    code: 'cannot-listen',
    message: expect.stringMatching(/\/nonexistent.*set TMPDIR to/) as string,
  });
});
