import { open } from 'node:fs/promises';

/** What the header of a data file says about it; `empty` when there is no file, or nothing in it yet. */
export type FileState =
  | { readonly kind: 'empty' | 'whole' }
  /** Shorter than the number of pages in use. Pages that were taken and given back by one transaction are never
   * written, so this may be sound, or the rest was cut off: only reading everything tells. */
  | { readonly kind: 'short'; readonly bytes: number; readonly expectedBytes: number }
  | { readonly kind: 'foreign'; readonly reason: string };

const pageHeaderBytes = 24;
const metaBytes = 136;
const magic = 0xbeefc0de;

/**
 * Reads both meta pages of an LMDB file before LMDB maps it: a page that is not in the file would end the process with
 * SIGBUS when it is first read. The layout is `MDB_meta` in lmdb-js's mdb.c, 64 bit, little-endian.
 */
export async function inspectFile(path: string): Promise<FileState> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return { kind: 'empty' };
  try {
    const { size } = await file.stat();
    if (size === 0) return { kind: 'empty' };
    const readMeta = async (offset: number): Promise<Meta | undefined> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(metaBytes), 0, metaBytes, offset + pageHeaderBytes);
      return bytesRead === metaBytes ? parseMeta(buffer) : undefined;
    };
    const first = await readMeta(0);
    const second = first && (await readMeta(first.pageBytes));
    if (!first || !second) return { kind: 'foreign', reason: 'its header is not that of a data file' };
    const { lastPage, pageBytes } = first.transaction > second.transaction ? first : second;
    const expectedBytes = (lastPage + 1) * pageBytes;
    return size < expectedBytes ? { kind: 'short', bytes: size, expectedBytes } : { kind: 'whole' };
  } finally {
    await file.close();
  }
}

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: bigint;
}

function parseMeta(bytes: Buffer): Meta | undefined {
  const pageBytes = bytes.readUInt32LE(24);
  const isPowerOfTwo = pageBytes >= 256 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  if (bytes.readUInt32LE(0) !== magic || !isPowerOfTwo) return undefined;
  return { pageBytes, lastPage: Number(bytes.readBigUInt64LE(120)), transaction: bytes.readBigUInt64LE(128) };
}
