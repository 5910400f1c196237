/** Keys from `start` (included) to `end` (excluded; undefined: to the last key). Keys are compared byte by byte. */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer | undefined;
}

/** LMDB takes keys of up to 1978 bytes, and some tables put something in front. */
export const maxKeyBytes = 1_024;

const zero = Buffer.of(0);

/**
 * What `key` and `range_end` of a request mean: without an end the one key, with the end "\0" everything from the key
 * on, else [key, range_end). https://etcd.io/docs/v3.6/learning/api/#key-ranges
 */
export function toKeyRange(key: Buffer, rangeEnd: Buffer): KeyRange {
  const start = toBound(key);
  if (rangeEnd.length === 0) return { start, end: toBound(Buffer.concat([key, zero])) };
  if (rangeEnd.equals(zero)) return { start, end: undefined };
  return { start, end: toBound(rangeEnd) };
}

export function contains({ start, end }: KeyRange, key: Buffer): boolean {
  return Buffer.compare(key, start) >= 0 && (end === undefined || Buffer.compare(key, end) < 0);
}

/** As no stored key is longer, none lies between the two bounds. */
function toBound(key: Buffer): Buffer {
  return key.length > maxKeyBytes ? Buffer.concat([key.subarray(0, maxKeyBytes), zero]) : key;
}
