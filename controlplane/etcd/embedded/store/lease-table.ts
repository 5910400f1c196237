import type { Tables } from './database.ts';
import { maxKeyBytes } from './key-range.ts';

export function encodeLease(id: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(id);
  return bytes;
}

export function leaseKey(id: bigint, key: Buffer): Buffer {
  return Buffer.concat([encodeLease(id), key]);
}

/** The keys that go with a lease, in key order. */
export function keysOfLease({ leaseKeys }: Tables, id: bigint): readonly Buffer[] {
  const start = encodeLease(id);
  const end = Buffer.concat([start, Buffer.alloc(maxKeyBytes + 1, 0xff)]);
  return [...leaseKeys.getKeys({ start, end })].map((key) => key.subarray(start.length));
}

/** Every lease, with the seconds it was granted. */
export function* allLeases({ leases }: Tables): Generator<{ readonly id: bigint; readonly ttl: bigint }> {
  for (const { key, value } of leases.getRange()) yield { id: key.readBigInt64BE(), ttl: value.readBigInt64BE() };
}

export function hasLease({ leases }: Tables, id: bigint): boolean {
  return leases.doesExist(encodeLease(id));
}

export function putLease({ leases }: Tables, id: bigint, ttl: bigint): void {
  void leases.put(encodeLease(id), encodeLease(ttl));
}
