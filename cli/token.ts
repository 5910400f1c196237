import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from './errors.ts';

/**
 * The control token that a server wrote into its data folder.
 *
 * @throws OperationError when there is none
 */
export function readToken(dataDir: string): Promise<string> {
  const advice = "start 'micro server' here, name its --data-dir, or give its token in MICRO_TOKEN";
  return readSecret(join(dataDir, 'token'), 'control token', advice);
}

/**
 * The cluster token that a node wrote into its data folder.
 *
 * @throws OperationError when there is none
 */
export function readClusterToken(dataDir: string): Promise<string> {
  const advice = "start 'micro server --nodes' here, or name the --data-dir of a node";
  return readSecret(join(dataDir, 'cluster-token'), 'cluster token', advice);
}

async function readSecret(path: string, what: string, advice: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? `no ${path}` : String(cause);
    throw new OperationError(`there is no ${what} (${reason}): ${advice}`, { cause });
  }
}
