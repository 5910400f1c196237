import { join } from 'node:path';
import { expect } from 'vitest';
import { writeService } from '../harness/service-folder.ts';
import { test } from '../harness/test.ts';

test('a version that never listens is given up after --ready-timeout, and the one before it serves on', async ({
  start,
  folder,
}) => {
  const server = await start({ flags: ['--ready-timeout', '10s'] });
  const source = await writeService(join(folder, 'dreamer'), 'first');
  await server.succeed('run', source);
  await writeService(source, 'second', {}, { 'server.js': "console.log('dreaming'); setInterval(() => {}, 1000);\n" });

  const { stderr, exitCode } = await server.run('run', source);

  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^micro: [^]*after 10 s [^]*PORT/m);
  expect(await (await fetch(server.url('/service/dreamer/'))).text()).toBe('first');
});
