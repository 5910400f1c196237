import { closeSync, fstatSync, openSync, readSync, truncateSync } from 'node:fs';
import { damagedPages, type Roots } from './page-check.ts';

const pageHeaderBytes = 24;
const metaBytes = 136;
const magic = 0xbeefc0de;

/** Files up to this size are read at every start; larger ones only when they look cut off, as it would take long. */
const maxReadBytes = 16 * 1024 * 1024;

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: bigint;
  readonly roots: Roots;
}

/**
 * Says what is wrong with an LMDB file, if anything, before LMDB maps it: LMDB trusts what it reads, and a page that is
 * not there, or is not what it should be, ends the process. A file that is missing or empty is right.
 *
 * A sound file may lack its last pages, as those that one transaction took and gave back are never written; it is
 * extended. The layout is that of lmdb-js's mdb.c (`MDB_meta`, `MDB_page`, `MDB_node`), 64 bit, little-endian.
 */
export function findDamage(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return undefined;
    const meta = readNewestMeta(file);
    if (meta === undefined) return 'its header is not that of a data file';
    const expectedBytes = (meta.lastPage + 1) * meta.pageBytes;
    if (size >= expectedBytes && size > maxReadBytes) return undefined;
    const damage = damagedPages(file, { ...meta, size });
    if (damage === undefined && size < expectedBytes) truncateSync(path, expectedBytes);
    return damage;
  } finally {
    closeSync(file);
  }
}

/** Of the two, each transaction overwrites the older. */
function readNewestMeta(file: number): Meta | undefined {
  const first = readMeta(file, 0);
  const second = first && readMeta(file, first.pageBytes);
  if (!first || !second) return undefined;
  return first.transaction > second.transaction ? first : second;
}

function readMeta(file: number, offset: number): Meta | undefined {
  const bytes = Buffer.alloc(metaBytes);
  if (readSync(file, bytes, 0, metaBytes, offset + pageHeaderBytes) !== metaBytes) return undefined;
  const pageBytes = bytes.readUInt32LE(24);
  const isPowerOfTwo = pageBytes >= 256 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  if (bytes.readUInt32LE(0) !== magic || !isPowerOfTwo) return undefined;
  return {
    pageBytes,
    lastPage: Number(bytes.readBigUInt64LE(120)),
    transaction: bytes.readBigUInt64LE(128),
    roots: [bytes.readBigUInt64LE(64), bytes.readBigUInt64LE(112)],
  };
}
