import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ZodError } from 'zod';
import { ControlPlaneError } from '../../errors.ts';

/** Bytes of a file that tells about a service. None that people write is nearly that large. */
const largestBytes = 1024 * 1024;

/**
 * Reads a file of a source, UTF-8 without its byte order mark; `undefined` when there is none.
 *
 * @throws ControlPlaneError `invalid` when it is no file, has more than 1 MiB, or may not be read
 */
export async function readSourceFile(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    // Without O_NONBLOCK, a named pipe that nobody writes to would be waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw new ControlPlaneError('invalid', `${path} is not a file`);
    if (stat.size > largestBytes) {
      throw new ControlPlaneError('invalid', `${path} has ${stat.size} bytes; at most ${largestBytes} are read`);
    }
    return (await file.readFile('utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof ControlPlaneError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new ControlPlaneError('invalid', `${path} cannot be read: ${message}`, { cause: error });
  }
}

/** Everything that a schema finds wrong with a file, on one line: "scripts.start: Invalid input: …". */
export function describeIssues({ issues }: ZodError): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');
}
