import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Deployment } from '../harness/listings.ts';
import { writeService } from '../harness/service-folder.ts';
import { test } from '../harness/test.ts';

/** Serves the first time it is started, until it is asked to crash; after that it ends at once. */
const crashing = `
  const fs = require('node:fs');
  if (fs.existsSync('crashed')) {
    console.error('cannot reach the database');
    process.exit(3);
  }
  const server = require('node:http').createServer(() => {
    fs.writeFileSync('crashed', '');
    process.exit(2);
  });
  server.listen(process.env.PORT, '127.0.0.1');
`;

test('micro status NAME tells how a service that crashes again and again ends, and what it printed', async ({
  server,
  folder,
}) => {
  const source = await writeService(join(folder, 'faulty'), '', {}, { 'server.js': crashing });
  await server.succeed('run', source);
  await fetch(server.url('/service/faulty/'));
  const status = async () => (await server.list<Deployment>('status', 'faulty'))[0]?.instances[0];
  await expect.poll(async () => (await status())?.state, { timeout: 30_000 }).toBe('crash-looping');

  expect((await status())?.lastEnd).toMatchObject({
    reason: 'exited with code 3',
    lines: ['cannot reach the database'],
  });
  const shown = await server.succeed('status', 'faulty');
  expect(shown).toMatch(/^go\.micro\.service\.faulty .* 0\/1 +(crash-looping: exited with code 3|starting) /m);
  expect(shown).toMatch(/^\S+\/1 exited with code 3 \d+s ago; it printed last:\n {2}cannot reach the database$/m);
  await server.succeed('kill', 'faulty');
});

test('CPU and memory are those of all that an instance started', async ({ server, folder }) => {
  const source = await writeService(
    join(folder, 'heavy'),
    '',
    {},
    {
      'server.js': `
      const { spawn } = require('node:child_process');
      const hold = 'globalThis.held = Buffer.alloc(96 * 2 ** 20, 1); console.log("held"); ' +
        'setInterval(() => { const until = Date.now() + 20; while (Date.now() < until); }, 40);';
      const child = spawn(process.execPath, ['--eval', hold], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.once('data', () => {
        require('node:http').createServer((_, response) => response.end()).listen(process.env.PORT, '127.0.0.1');
      });
    `,
    },
  );
  await server.succeed('run', source);
  const status = async () => (await server.list<Deployment>('status', 'heavy'))[0];
  expect((await status())?.url).toBe(server.url('/service/heavy/'));
  expect((await status())?.instances[0]?.memoryBytes).toBeGreaterThan(96 * 2 ** 20);
  // It is told once there was half a second to measure.
  await expect.poll(async () => (await status())?.instances[0]?.cpuCores, { timeout: 10_000 }).toBeGreaterThan(0);
  await server.succeed('kill', 'heavy');
});

test('what --env-file names reaches the service, and is seen nowhere else', async ({ server, folder }) => {
  const secret = 'correct-horse-battery-staple';
  const file = join(folder, 'production.env');
  await writeFile(file, `TOKEN="${secret}"\nGREETING=from the file\n`);
  const source = await writeService(
    join(folder, 'keeper'),
    '',
    {},
    {
      'server.js': `
      const { TOKEN, GREETING } = process.env;
      const commandLine = require('node:fs').readFileSync('/proc/self/cmdline', 'utf8');
      require('node:http')
        .createServer((_, response) => response.end(JSON.stringify({ TOKEN, GREETING, commandLine })))
        .listen(process.env.PORT, '127.0.0.1');
    `,
    },
  );
  const run = await server.run('run', source, '--env-file', file, '--env', 'GREETING=from the command line');
  expect(run.exitCode).toBe(0);
  const seen = JSON.parse(await (await fetch(server.url('/service/keeper/'))).text());
  expect(seen).toMatchObject({ TOKEN: secret, GREETING: 'from the command line' });

  const told = [
    run.stdout + run.stderr,
    seen.commandLine,
    server.log(),
    await server.succeed('status', 'keeper', '--json'),
    await server.succeed('services', 'get', 'keeper', '--json'),
    await readFile(`/proc/${server.pid}/cmdline`, 'utf8'),
  ];
  for (const text of told) expect(text).not.toContain(secret);
});

test('an --env-file that cannot be read is told, and nothing is run', async ({ server, folder }) => {
  const source = await writeService(join(folder, 'nothing'), '');
  const { stderr, exitCode } = await server.run('run', source, '--env-file', join(folder, 'missing.env'));
  // Node 20 says it before micro does, and ends with 9.
  expect([2, 9]).toContain(exitCode);
  expect(stderr).toMatch(/^\S+: .*missing\.env: (there is no such file|not found)$/);
  const strange = join(folder, 'strange.env');
  await writeFile(strange, 'no variable at all\n');
  const refused = await server.run('run', source, '--env-file', strange);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toBe(`micro: --env-file: ${strange}: it holds no line of the form KEY=VALUE`);
  expect((await server.run('status', 'nothing')).exitCode).toBe(1);
});

test('micro logs shows one instance, what came since a time, and refuses what makes no sense', async ({
  server,
  folder,
}) => {
  const source = await writeService(
    join(folder, 'chatty'),
    '',
    {},
    {
      'server.js': `
      console.log('hello from ' + process.env.MICRO_SERVER_ID);
      console.error('and to stderr');
      require('node:http').createServer((_, response) => response.end()).listen(process.env.PORT, '127.0.0.1');
    `,
    },
  );
  await server.succeed('run', source, '--instances', '2');
  const all = await server.run('logs', 'chatty');
  expect(all.stdout.match(/^\S+Z \S+\/[12] hello from \S+-[12]$/gm)).toHaveLength(2);
  expect(all.stderr.match(/^\S+Z \S+\/[12] and to stderr$/gm)).toHaveLength(2);
  // oxlint-disable-next-line no-control-regex -- no colour where there is no terminal
  expect(all.stdout).not.toMatch(/\u001b/);

  const one = await server.succeed('logs', 'chatty', '--instance', '2', '--since', '1h');
  expect(one.match(/hello from/g)).toHaveLength(1);
  expect(one).toMatch(/\/2 hello from \S+-2$/m);
  expect(await server.succeed('logs', 'chatty', '--since', '2200-01-01')).toBe('');

  const nobody = await server.run('logs', 'chatty', '--instance', '7');
  expect(nobody.exitCode).toBe(1);
  expect(nobody.stderr).toMatch(/^micro: go\.micro\.service\.chatty has no instance "7": it has \S+\/1, \S+\/2$/);
  const never = await server.run('logs', 'chatty', '--since', 'yesterday', '-n', 'many');
  expect(never.exitCode).toBe(2);
  expect(never.stderr).toMatch(/--lines: "many" .*\n.*--since: "yesterday" /);
  await server.succeed('kill', 'chatty');
});
