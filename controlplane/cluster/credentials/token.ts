import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ControlPlaneError } from '../../errors.ts';

/** As many as 32 random bytes have in base64url. All that protects a cluster hangs on it, so nobody may guess it. */
const shortestToken = 32;

/** Where the cluster token is that a node made, or that it was first started with. */
function clusterTokenPath(dataFolder: string): string {
  return join(dataFolder, 'cluster-token');
}

/**
 * The secret that makes a node one of its cluster: what `file` holds, which is kept in the data folder too; what is kept
 * there; or a new one.
 *
 * @param options.file of one line; left out for the one in the data folder
 * @returns whether it was made now, so that no other node can have it
 * @throws ControlPlaneError `failed` when the file cannot be read, or holds nothing that could be a token
 */
export async function readClusterToken(options: {
  readonly dataFolder: string;
  readonly file: string | undefined;
}): Promise<{ readonly token: string; readonly isNew: boolean }> {
  const own = clusterTokenPath(options.dataFolder);
  const kept = await readIfThere(own);
  const given = options.file === undefined ? undefined : await readGiven(options.file);
  const token = given ?? kept ?? randomBytes(32).toString('base64url');
  checkToken(token, options.file ?? own);
  if (token !== kept) await writeFileAtomic(own, `${token}\n`, { mode: 0o600 });
  return { token, isNew: given === undefined && kept === undefined };
}

async function readGiven(file: string): Promise<string> {
  const token = await readIfThere(file);
  if (token !== undefined) return token;
  throw new ControlPlaneError(
    'failed',
    `there is no cluster token in ${file}: write there what \`micro cluster token\` prints on a node of the cluster`,
  );
}

function checkToken(token: string, file: string): void {
  if (token.length >= shortestToken && /^[\x21-\x7e]+$/.test(token)) return;
  throw new ControlPlaneError(
    'failed',
    `${file} holds no cluster token, which is one line of at least ${shortestToken} characters: write there what ` +
      '`micro cluster token` prints on a node of the cluster',
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ControlPlaneError('failed', `the cluster token cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
