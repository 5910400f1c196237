import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../../../errors.ts';
import { describeSize } from '../../size.ts';

const intervalMs = 250;

/** Watches over how much a folder takes on disk while others write into it: git itself has no limit for a fetch. */
export interface SizeLimit {
  /** Aborted with a ControlPlaneError when the folder has grown too large. */
  readonly exceeded: AbortSignal;
  /** Looks now. */
  check(): Promise<void>;
  stop(): void;
}

export function watchSize(folder: string, limitBytes: number): SizeLimit {
  const exceeded = new AbortController();
  let looking = false;
  const check = async (): Promise<void> => {
    if ((await sizeOf(folder)) <= limitBytes) return;
    exceeded.abort(
      new ControlPlaneError(
        'invalid',
        `the repository takes more than ${describeSize(limitBytes)} to fetch; run a smaller one`,
      ),
    );
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void check().finally(() => {
      looking = false;
    });
  }, intervalMs);
  return { exceeded: exceeded.signal, check, stop: () => clearInterval(timer) };
}

/** Bytes of all files in a folder. What goes away while it is looked at counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}
