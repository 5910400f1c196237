import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readSourceFolder } from '../../controlplane/runtime/source/source.ts';
import { parseLocation } from '../../controlplane/runtime/source/location/parse.ts';
import { unary } from '../../proto/channel/client.ts';
import { type RunRequest, RuntimeClient, type UploadedSource } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from '../client-command.ts';
import { OperationError } from '../errors.ts';
import type { Steps } from '../output/steps.ts';
import { upload } from './upload.ts';

export interface SourceOptions {
  readonly server: Server;
  /** PATH and HOME for git. */
  readonly environment: Readonly<Record<string, string>>;
  readonly steps: Steps;
}

/**
 * Makes of a source what the server can run: a folder of this machine is sent there, unless the server has it; anything else
 * is what the server fetches itself.
 *
 * @throws Error that says why the source will not do
 */
export async function prepareSource(text: string, options: SourceOptions): Promise<RunRequest['source']> {
  const path = resolve(text);
  if (!(await exists(path))) {
    if (/^[./~]/.test(text)) throw new OperationError(`the source ${path} does not exist; name a folder or a git URL`);
    parseLocation(text);
    return { $case: 'location', value: text };
  }
  return { $case: 'uploaded', value: await uploadSource(path, options) };
}

/**
 * Sends a folder of this machine to the server, unless the server has it.
 *
 * @throws Error that says why the folder will not do
 */
export async function uploadSource(
  path: string,
  { server, environment, steps }: SourceOptions,
): Promise<UploadedSource> {
  await askServer(server);
  const { folder, gitVersion } = await readSourceFolder(path, environment);
  const bundle = await upload(folder, server.client(RuntimeClient), steps);
  const git =
    'version' in gitVersion
      ? ({ $case: 'version', value: gitVersion.version } as const)
      : ({ $case: 'reason', value: gitVersion.reason } as const);
  return { bundle, folder, git };
}

/**
 * Makes sure that the server answers and takes the token: nothing is packed for one that does not.
 *
 * @throws ServiceError that says why
 */
export async function askServer(server: Server): Promise<void> {
  const client = server.client(RuntimeClient);
  await unary((done) => client.findBundle({ digest: noDigest }, done));
}

const noDigest = `sha256:${'0'.repeat(64)}`;

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
  );
}
