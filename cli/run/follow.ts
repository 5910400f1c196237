import { realpath, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { formatAddress } from '../../proto/channel/address.ts';
import type { RunRequest, RunResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from '../client-command.ts';
import { callError, describeError, OperationError, UsageError } from '../errors.ts';
import { showSteps, type Steps } from '../output/steps.ts';
import { watchFolder } from '../source/watch-folder.ts';
import { describeRunning, showRollout } from '../rollout.ts';
import { saysAway, untilBack } from './server-away.ts';

/** How what is followed is brought up. */
export interface Followed {
  readonly server: Server;
  /** Brings the source to the server. */
  readonly prepare: (steps: Steps) => Promise<RunRequest['source']>;
  /** Asks the server to run it. */
  readonly begin: (source: RunRequest['source']) => AsyncIterable<RunResponse>;
}

const nothing: AsyncIterable<RunResponse> = { async *[Symbol.asyncIterator]() {} };

/**
 * Brings a folder to a running service, and again after each change, until the process is told to end. One that fails is
 * told about, and leaves what ran as it was.
 *
 * @param source a folder of this machine
 * @throws UsageError, OperationError when it is no folder, cannot be watched, or is gone
 */
export async function follow(
  source: string,
  { server, prepare: prepareAlways, begin }: Followed,
  { stdout, stderr }: { readonly stdout: Writable; readonly stderr: Writable },
): Promise<never> {
  const print = (line: string): void => void stdout.write(`${line}\n`);
  const folder = await folderAt(source);
  // Begun before the folder is read for the first time, so that no change falls in between.
  using watch = await watchFolder(folder);
  const { prepare, succeeded } = onceChanged(prepareAlways);
  let steps = showSteps(stderr);
  let service: string | undefined;
  endWhenTold(() => {
    steps.end('failed');
    print(lastWords(folder, service));
  });

  for (;;) {
    steps = showSteps(stderr);
    try {
      const deployment = await showRollout(async (steps) => {
        const prepared = await prepare(steps);
        return prepared === undefined ? nothing : begin(prepared);
      }, steps);
      if (deployment !== undefined) {
        service = deployment.service;
        succeeded();
        print(await describeRunning(server, deployment));
        print(`watching ${folder}; Ctrl-C ends that, and leaves the service running`);
      }
    } catch (error) {
      stderr.write(`${describeError(callError(error, formatAddress(server.address))).text}\n`);
      if (!(await isFolder(folder))) throw new OperationError(lastWords(`${folder}, which is gone`, service));
      if (saysAway(error)) {
        print(`watching ${folder}, and waiting for the server`);
        await untilBack(server);
        continue;
      }
      print(`watching ${folder} for the change that mends it`);
    }
    await watch.changed();
  }
}

/** Leaves out what is the same as what was last brought up: a file may be written again as it was. */
function onceChanged(prepare: Followed['prepare']) {
  let running: string | undefined;
  let last: string | undefined;
  return {
    prepare: async (steps: Steps) => {
      const source = await prepare(steps);
      last = source?.$case === 'uploaded' ? source.value.bundle : undefined;
      return last !== undefined && last === running ? undefined : source;
    },
    succeeded: () => {
      running = last;
    },
  };
}

async function folderAt(source: string): Promise<string> {
  if (await isFolder(source)) return realpath(source);
  throw new UsageError(`--watch follows a folder of this machine, and ${source} is none`);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function lastWords(folder: string, service: string | undefined): string {
  if (service === undefined) return `no longer watching ${folder}`;
  return `no longer watching ${folder}; ${service} keeps running ('micro kill ${service}' stops it)`;
}

/** Whoever presses Ctrl-C has seen enough: that is the regular end. The server undoes what it is in the midst of. */
function endWhenTold(say: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say();
      process.exit(0);
    });
  }
}
