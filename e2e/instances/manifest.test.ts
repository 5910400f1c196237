import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Deployment } from '../harness/listings.ts';
import { writeService } from '../harness/service-folder.ts';
import { test } from '../harness/test.ts';

/** Listens at once, and says on /healthz that it is well only when it was asked a few times. */
const slowToWarmUp = `
  let asked = 0;
  require('node:http')
    .createServer(({ url }, response) => {
      if (url === '/healthz') response.statusCode = (asked += 1) > 3 ? 200 : 503;
      response.end('asked ' + asked);
    })
    .listen(process.env.PORT, '127.0.0.1');
`;

test('a service is routed to when the health path of its micro.yaml says that it is well', async ({
  server,
  folder,
}) => {
  const source = await writeService(
    join(folder, 'warm'),
    '',
    {},
    {
      'micro.yaml': 'health: /healthz\nprotocol: http\n',
      'server.js': slowToWarmUp,
    },
  );
  await server.succeed('run', source);
  const answer = await (await fetch(server.url('/service/warm/'))).text();
  expect(Number(answer.replace('asked ', ''))).toBeGreaterThan(3);
});

test('limits are held, or the server says once why they are not', async ({ server, folder }) => {
  const source = await writeService(
    join(folder, 'small'),
    'small',
    {},
    {
      'micro.yaml': 'limits: { memory: 256Mi, cpu: 0.5 }\ninstances: 2\n',
    },
  );
  await server.succeed('run', source);
  const [small] = await server.list<Deployment>('status', 'small');
  expect(small?.instances).toHaveLength(2);
  const told = server.log().match(/"fault":"[^"]*cgroup[^"]*".*not held to their limits/g) ?? [];
  const groups = small?.instances.map(({ pid }) => readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? [];
  const held = groups.filter((group) => /^0::.*\/micro-[^/]+\/go\.micro\.service\.small/m.test(group));
  expect([
    [1, 0],
    [0, 2],
  ]).toContainEqual([told.length, held.length]);
  expect(await (await fetch(server.url('/service/small/'))).text()).toBe('small');
});

test('what a service forked is gone with it, even when it ignores SIGTERM, and no zombies are left', async ({
  start,
  folder,
}) => {
  const server = await start({ flags: ['--instance-drain', '0s'] });
  const source = await writeService(
    join(folder, 'parent'),
    '',
    {},
    {
      'micro.yaml': 'command: sh -c "node server.js; true"\n',
      'server.js': `
      const { spawn } = require('node:child_process');
      const near = spawn('sh', ['-c', 'trap "" TERM; while true; do sleep 1; done'], { stdio: 'ignore' });
      const far = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
      const pids = [process.pid, near.pid, far.pid];
      require('node:http')
        .createServer((_, response) => response.end(JSON.stringify(pids)))
        .listen(process.env.PORT, '127.0.0.1');
    `,
    },
  );
  await server.succeed('run', source);
  const pids = JSON.parse(await (await fetch(server.url('/service/parent/'))).text()) as number[];
  expect(pids.map((pid) => existsSync(`/proc/${pid}`))).toEqual([true, true, true]);
  await server.succeed('kill', 'parent');
  await expect
    .poll(() => pids.map((pid) => existsSync(`/proc/${pid}/exe`)), { timeout: 30_000 })
    .toEqual([false, false, false]);
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8');
  const zombies = children
    .split(' ')
    .filter(Boolean)
    .filter((pid) => /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  expect(zombies).toEqual([]);
});
