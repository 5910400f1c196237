import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ControlPlaneError } from '../errors.ts';
import { type FolderLock, lockFolder } from './lock.ts';

/** The folder in which a node keeps what is its own (`--data-dir`), held for this process alone. */
export interface DataFolder {
  readonly path: string;
  /** The control token. */
  readonly token: string;
  /** The node's name: made once from the host's name, so that it stays when the host is renamed. */
  readonly node: string;
  /** Writes down another control token than the one in the folder. */
  keepToken(token: string): Promise<void>;
  /** Lets another process use the folder. */
  release(): Promise<void>;
}

/**
 * Opens the data folder, made on first use with mode 0700, and takes its lock.
 *
 * @param options.token instead of the one in the folder; it is not written down
 * @throws ControlPlaneError `conflict` when another process holds the folder, `failed` when it cannot be written
 */
export async function openDataFolder(options: { path: string; token?: string | undefined }): Promise<DataFolder> {
  const { path } = options;
  let lock: FolderLock | undefined;
  const release = async () => lock?.release();
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    lock = await lockFolder(path);
    const token = options.token ?? (await readOrMake(join(path, 'token'), () => randomBytes(32).toString('base64url')));
    const node = await readOrMake(join(path, 'node'), makeNodeName);
    return { path, token, node, keepToken: (other) => writeOver(join(path, 'token'), other), release };
  } catch (error) {
    await release();
    if (error instanceof ControlPlaneError) throw error;
    throw new ControlPlaneError(
      'failed',
      `the data folder ${path} cannot be used: ${reason(error)}; name another with --data-dir`,
      {
        cause: error,
      },
    );
  }
}

/** Reads a file of one line, which is made whole or not at all, mode 0600. */
async function readOrMake(path: string, make: () => string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    const made = make();
    await writeWhole(path, `${made}\n`);
    return made;
  }
  if (text.trim() === '') {
    throw new ControlPlaneError(
      'failed',
      `${path} is empty: write its old content back, or remove it to have a new one made`,
    );
  }
  return text.trim();
}

async function writeWhole(path: string, content: string): Promise<void> {
  const part = `${path}.part`;
  await rm(part, { force: true });
  await writeFile(part, content, { mode: 0o600, flag: 'wx' });
  const file = await open(part, 'r');
  await file.sync();
  await file.close();
  await link(part, path);
  await rm(part);
}

async function writeOver(path: string, line: string): Promise<void> {
  await writeFileAtomic(path, `${line}\n`, { mode: 0o600 });
}

function makeNodeName(): string {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
  return `${host === '' ? 'node' : host}-${randomBytes(2).toString('hex')}`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
