import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Etcd3 } from 'etcd3';
import { pino } from 'pino';
import { connectEtcd } from '../etcd/client/connect.ts';
import { startRegistrar } from '../registry/registrar.ts';
import { compilePrefixes } from '../routes/compile.ts';
import { digestOf } from './bundle/digest.ts';
import { packFolder } from './bundle/pack.ts';
import { defaultLimits, type RuntimeLimits } from './limits.ts';
import { type RuntimeOptions, startRuntime } from './runtime.ts';
import { readSourceFolder } from './source/source.ts';
import type { DeploymentStatus, RunEvent, RunRequest, Runtime } from './types.ts';

/** A temporary folder, with no symbolic links in its path. */
export async function makeFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'micro-runtime-')));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Writes files into a folder; what is no text is written as JSON. */
export async function writeFiles(folder: string, files: Readonly<Record<string, unknown>>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** PATH and HOME of whoever runs the tests. */
export const testEnvironment = { PATH: process.env['PATH'] ?? '', HOME: homedir() };

/** Limits with which nothing takes long. */
export const quickLimits: Partial<RuntimeLimits> = {
  stopGraceMs: 2000,
  backOffFirstMs: 10,
  backOffLongestMs: 100,
};

/** What is asked for of a folder on this machine, as the command line does. */
type FolderRequest = Omit<RunRequest, 'source'> & { readonly path: string };

export interface RuntimeFixture {
  readonly runtime: Runtime;
  readonly client: Etcd3;
  /** The data folder. */
  readonly folder: string;
  /** Sends a folder, runs it and returns what came of it, with the events on the way. */
  run(
    request: FolderRequest,
    signal?: AbortSignal,
    onEvent?: (event: RunEvent) => void,
  ): Promise<{ status: DeploymentStatus; events: RunEvent[] }>;
  /** Everything in the registry: key to address. */
  registered(): Promise<Readonly<Record<string, string>>>;
  /** The one line that a service answers with, over HTTP. */
  get(status: DeploymentStatus, instance?: number): Promise<string>;
  stop(): Promise<void>;
}

/** A runtime on a store that somebody else started. */
export async function startFixture(
  options: Pick<RuntimeOptions, 'folder'> & Partial<RuntimeOptions> & { readonly etcd: string },
): Promise<RuntimeFixture> {
  await using started = new AsyncDisposableStack();
  const log = pino({ level: 'silent' });
  const client = started.adopt(connectEtcd({ hosts: [options.etcd] }), (made) => made.close());
  const registrar = started.adopt(startRegistrar({ client, log }), (made) => made.stop());
  const runtime = started.adopt(
    await startRuntime({
      node: 'node-1',
      client,
      registrar,
      prefixes: compilePrefixes('go.micro'),
      settled: async () => undefined,
      drained: async () => true,
      environment: testEnvironment,
      fetchEnvironment: testEnvironment,
      servicesRepository: 'file:///nowhere',
      log,
      ...options,
      limits: { ...quickLimits, ...options.limits },
    }),
    (made) => made.stop(),
  );
  const running = started.move();
  return {
    runtime,
    client,
    folder: options.folder,
    async run({ path, ...request }, signal = new AbortController().signal, onEvent = () => undefined) {
      const events: RunEvent[] = [];
      const { folder, gitVersion } = await readSourceFolder(path, testEnvironment);
      const parts = () => packFolder(folder, { limit: defaultLimits.bundleEntries });
      const bundle = await digestOf(parts());
      if (!runtime.hasBundle(bundle)) await runtime.receiveBundle(bundle, parts(), signal);
      const source = { type: 'uploaded', bundle, folder, gitVersion } as const;
      const take = (event: RunEvent): void => {
        events.push(event);
        onEvent(event);
      };
      const status = await runtime.run({ ...request, source }, take, signal);
      return { status, events };
    },
    async registered() {
      const values = await client.getAll().prefix('/micro/registry/').json();
      return Object.fromEntries(
        Object.entries(values).map(([key, value]) => [
          key,
          (value as { nodes: { address: string }[] }).nodes[0]?.address ?? '',
        ]),
      );
    },
    async get(status, instance = 0) {
      const response = await fetch(`http://${status.instances[instance]?.state.process?.address}/`);
      return (await response.text()).trim();
    },
    stop: () => running.disposeAsync(),
  };
}

/** The files of a plain JavaScript service that answers every request with `text`. */
export function helloService(text: string, name = 'hello'): Readonly<Record<string, unknown>> {
  return {
    'package.json': { name, scripts: { start: 'node server.js' } },
    'server.js': `
      const server = require('node:http').createServer((_, response) => response.end(${JSON.stringify(text)}));
      server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
    `,
  };
}
