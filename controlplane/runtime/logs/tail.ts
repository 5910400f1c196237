import { type FileHandle, open } from 'node:fs/promises';

const chunkBytes = 64 * 1024;
const newline = 0x0a;

/**
 * The last lines of a log that is kept in several files.
 *
 * @param paths newest first; a file that is not there is passed over
 * @param count how many lines at most
 * @returns oldest first
 */
export async function readLastLines(paths: readonly string[], count: number): Promise<readonly string[]> {
  let lines: readonly string[] = [];
  for (const file of await openAll(paths)) {
    try {
      if (lines.length < count) lines = (await lastLinesOf(file, count - lines.length)).concat(lines);
    } finally {
      await file.close();
    }
  }
  return lines;
}

/** Opened before any is read: a file that is set aside meanwhile turns up again under the next path, and is left out. */
async function openAll(paths: readonly string[]): Promise<readonly FileHandle[]> {
  const files: FileHandle[] = [];
  const seen = new Set<number>();
  for (const path of paths) {
    const file = await open(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (file === undefined) continue;
    const { ino } = await file.stat();
    if (seen.has(ino)) await file.close();
    else files.push(file);
    seen.add(ino);
  }
  return files;
}

async function lastLinesOf(file: FileHandle, count: number): Promise<readonly string[]> {
  let { size: position } = await file.stat();
  const chunks: Buffer[] = [];
  let newlines = 0;
  // One more newline than lines: the one that ends the line before them.
  while (position > 0 && newlines <= count) {
    const length = Math.min(chunkBytes, position);
    position -= length;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    chunks.unshift(buffer.subarray(0, bytesRead));
    newlines += countNewlines(buffer.subarray(0, bytesRead));
  }
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  // What follows the last newline is being written now.
  lines.pop();
  return lines.slice(-count);
}

function countNewlines(data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(newline); at !== -1; at = data.indexOf(newline, at + 1)) count += 1;
  return count;
}
