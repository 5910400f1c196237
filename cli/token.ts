import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from './errors.ts';

/**
 * The control token that a server wrote into its data folder.
 *
 * @throws OperationError when there is none
 */
export async function readToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'token');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? `no ${path}` : String(cause);
    throw new OperationError(
      `there is no control token (${reason}): start 'micro server' here, name its --data-dir, or give its token in MICRO_TOKEN`,
      { cause },
    );
  }
}
