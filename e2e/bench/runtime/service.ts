import assert from 'node:assert/strict';
import { writeService } from '../../harness/service-folder.ts';
import type { Server } from '../../harness/server.ts';

const code = `
const { createServer } = require('node:http');
const answer = JSON.stringify({ pid: process.pid, version: process.env.VERSION });
const server = createServer((_, response) => response.end(answer));
server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close());
`;

/** Writes a small service that tells its process and what VERSION is in its environment. */
export function writeTeller(folder: string): Promise<string> {
  return writeService(folder, '', {}, { 'server.js': code });
}

/** What it answers. */
export interface Told {
  readonly pid: number;
  readonly version?: string;
}

export async function ask(url: string): Promise<Told> {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  assert.equal(response.status, 200, `${url}: ${response.status}`);
  return (await response.json()) as Told;
}

/** Runs it under a name, and makes sure that the version that answers is the one that was run. */
export async function runTeller(
  server: Server,
  folder: string,
  options: { readonly name: string; readonly version?: string; readonly instances?: number },
): Promise<void> {
  const { name, version = '1', instances = 1 } = options;
  const flags = ['--name', name, '--env', `VERSION=${version}`, '--instances', String(instances)];
  await server.succeed('run', folder, ...flags);
  assert.equal((await ask(server.url(`/service/${name}/`))).version, version);
}
