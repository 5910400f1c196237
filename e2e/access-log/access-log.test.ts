import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { samples } from '../harness/samples.ts';
import { test } from '../harness/test.ts';

test('the access log has a line of JSON for each request, in a file or on stdout', async ({ start, folder }) => {
  const file = join(folder, 'access.log');
  for (const [target, read] of [
    [file, async () => readFile(file, 'utf8')],
    ['stdout', async () => undefined],
  ] as const) {
    const server = await start({ flags: ['--access-log', target] });
    await server.succeed('run', samples.clock);
    await fetch(server.url('/api/clock/time?zone=UTC'), { headers: { 'x-request-id': 'e2e-1' } });
    const line = async () => ((await read()) ?? server.log()).split('\n').find((text) => text.includes('e2e-1'));
    await expect.poll(line).toBeDefined();
    expect(JSON.parse((await line()) ?? '')).toMatchObject({
      service: 'go.micro.api.clock',
      method: 'GET',
      status: 200,
    });
  }
});
