import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Deployment, Service } from '../harness/listings.ts';
import { processesIn } from '../harness/processes.ts';
import { runUntil } from '../harness/run-until.ts';
import type { Server } from '../harness/server.ts';
import { writeService } from '../harness/service-folder.ts';
import { test } from '../harness/test.ts';

/** The stages of a run of a service that runs already; it is written down as what should run after `ready`. */
const stages = ['source', 'bundle', 'build', 'start', 'ready', 'routed', 'stop'] as const;
const instances = 2;
const patience = { timeout: 60_000 };

type Stage = (typeof stages)[number];

/**
 * Writes a version of a service, which answers what it is called.
 *
 * @param stuckAt a stage that it never leaves, so that it is killed there however slow the machine is
 */
const writeVersion = (folder: string, version: string, stuckAt?: 'build' | 'start') => {
  const wait = 'setInterval(() => {}, 1000);';
  const serve = `require('node:http').createServer((_, response) => response.end('${version}')).listen(process.env.PORT);`;
  return writeService(
    folder,
    '',
    { version: '1.0.0', scripts: { build: 'node build.js', start: 'node built.js' } },
    {
      'build.js': `require('node:fs').copyFileSync('server.js', 'built.js'); ${stuckAt === 'build' ? wait : ''}`,
      'server.js': `${stuckAt === 'start' ? wait : serve} // ${version}`,
    },
  );
};

const stuckAt = (stage: Stage): 'build' | 'start' | undefined => {
  if (stage === 'source' || stage === 'bundle' || stage === 'build') return 'build';
  return stage === 'start' ? 'start' : undefined;
};

const run = (source: string): readonly string[] => ['run', source, '--instances', String(instances)];
const statusOf = async (server: Server): Promise<Deployment | undefined> =>
  (await server.list<Deployment>('status')).find(({ service }) => service === 'go.micro.service.steady');

test('a server that is killed at any stage of a run comes back to the old version or the new, and nothing twice', async ({
  start,
  folder,
}) => {
  let server = await start();
  const source = await writeVersion(join(folder, 'steady'), '0');
  await server.succeed('run', source, '--instances', String(instances));
  const { dataDir } = server;

  for (const [index, stage] of stages.entries()) {
    const before = (await statusOf(server))?.version;
    await writeVersion(source, stage, stuckAt(stage));
    // Another one, which does not run yet, is on its way at the same time, at whatever stage.
    const newcomer = await writeVersion(join(folder, `newcomer-${index}`), stage);
    const [elsewhere, there] = [runUntil(server, run(newcomer), 'routed'), runUntil(server, run(source), stage)];
    const { ended } = await there;
    await server.crash();
    await Promise.all([ended, elsewhere.then((run) => run.ended)]);

    const next = await start({ dataDir });
    const states = async () => (await statusOf(next))?.instances.map(({ state }) => state);
    await expect.poll(states, patience).toEqual(Array(instances).fill('ready'));
    const isNew = (await statusOf(next))?.version !== before;
    if (stuckAt(stage) !== undefined) expect([stage, isNew]).toEqual([stage, false]);
    if (index > stages.indexOf('ready')) expect([stage, isNew]).toEqual([stage, true]);
    server = next;
  }

  // In the end there is what the store says, once, and nothing else.
  const deployments = await server.list<Deployment>('status');
  for (const { service, trouble } of deployments) expect([service, trouble]).toEqual([service, '']);
  const wanted = deployments.length * instances;
  await expect.poll(async () => (await processesIn(dataDir)).length, patience).toBe(wanted);
  const registered = await Promise.all(
    deployments.map(async ({ service }) => (await server.list<Service>('services', 'get', service))[0]?.instances),
  );
  expect(registered.flat()).toHaveLength(wanted);
  expect(await (await fetch(server.url('/service/steady/'))).text()).toBe('stop');
  for (const cache of ['bundles', 'builds']) {
    const partial = (await readdir(join(dataDir, cache))).filter((name) => name.startsWith('.partial'));
    expect(partial).toEqual([]);
  }
});
