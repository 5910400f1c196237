import { join } from 'node:path';
import { expect } from 'vitest';
import type { Deployment } from '../harness/listings.ts';
import { isAlive } from '../harness/processes.ts';
import { writeFolder } from '../harness/service-folder.ts';
import { test } from '../harness/test.ts';
import { samples, writePythonWithPackage } from './samples.ts';

const sources = {
  ...Object.fromEntries(
    Object.entries(samples).map(([name, sample]) => [
      name,
      (folder: string, text: string) => writeFolder(folder, sample(text)),
    ]),
  ),
  'Python, with its requirements': writePythonWithPackage,
};

test.for(Object.entries(sources))('%s: built, served, updated and killed', async ([, write], { server, folder }) => {
  const source = join(folder, 'hello');
  const answer = async (): Promise<string> => (await fetch(server.url('/service/hello/'))).text();

  await write(source, 'one');
  await server.succeed('run', source);
  expect(await answer()).toBe('one');

  await write(source, 'two');
  await server.succeed('run', source);
  expect(await answer()).toBe('two');

  const [hello] = await server.list<Deployment>('status', 'hello');
  const pids = hello?.instances.map(({ pid }) => pid) ?? [];
  expect(pids).toHaveLength(1);
  await server.succeed('kill', 'hello');
  expect((await fetch(server.url('/service/hello/'))).status).toBe(404);
  expect(await Promise.all(pids.map(isAlive))).toEqual([false]);
});
