import { KeyValue } from '../../gen/kv.ts';

/** Where a change stands in history: its revision, and its place among the changes of that revision. */
export interface Position {
  readonly revision: bigint;
  readonly sub: number;
}

/** One entry of history: a key was put or deleted. */
export interface Change {
  readonly kind: 'put' | 'delete';
  readonly position: Position;
  /** The change of the same key before this one, if there was one; compaction may have removed it since. */
  readonly previous: Position | undefined;
  /** As etcd has it: of a deletion only key and mod_revision are set. */
  readonly kv: KeyValue;
}

/** The newest change of a key, as the key index has it: enough to skip deleted keys without reading history. */
export interface Head {
  readonly position: Position;
  readonly deleted: boolean;
}

const positionBytes = 12;
const noPosition = Buffer.alloc(positionBytes);
const kinds = ['put', 'delete'] as const;

/** Big-endian, so that history sorts by revision. */
export function encodePosition({ revision, sub }: Position): Buffer {
  const bytes = Buffer.allocUnsafe(positionBytes);
  bytes.writeBigUInt64BE(revision, 0);
  bytes.writeUInt32BE(sub, 8);
  return bytes;
}

export function decodePosition(bytes: Buffer): Position {
  return { revision: bytes.readBigUInt64BE(0), sub: bytes.readUInt32BE(8) };
}

export function encodeHead({ position, kind }: Change): Buffer {
  return Buffer.concat([encodePosition(position), Buffer.of(kinds.indexOf(kind))]);
}

export function decodeHead(bytes: Buffer): Head {
  return { position: decodePosition(bytes), deleted: kinds[bytes.readUInt8(positionBytes)] === 'delete' };
}

export function encodeChange({ kind, previous, kv }: Change): Buffer {
  return Buffer.concat([
    previous === undefined ? noPosition : encodePosition(previous),
    Buffer.of(kinds.indexOf(kind)),
    KeyValue.encode(kv).finish(),
  ]);
}

export function decodeChange(position: Position, bytes: Buffer): Change {
  const previous = decodePosition(bytes);
  return {
    kind: kinds[bytes.readUInt8(positionBytes)] ?? 'put',
    position,
    previous: previous.revision === 0n ? undefined : previous,
    kv: KeyValue.decode(bytes.subarray(positionBytes + 1)),
  };
}
