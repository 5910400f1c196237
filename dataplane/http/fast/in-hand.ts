/** Bytes that a client sent, as far as `length`; where they are shared they are good until their event was handled. */
export interface InHand {
  readonly bytes: Buffer;
  readonly length: number;
  readonly isShared: boolean;
}

export const nothing: InHand = { bytes: Buffer.alloc(0), length: 0, isShared: false };

/** What can be kept beyond the event that brought it. */
export function kept({ bytes, length }: InHand): InHand {
  return length === 0 ? nothing : { bytes: Buffer.from(bytes.subarray(0, length)), length, isShared: false };
}

/** Both, one behind the other, to be kept. */
export function joined(one: InHand, other: InHand): InHand {
  const bytes = Buffer.concat([one.bytes.subarray(0, one.length), other.bytes.subarray(0, other.length)]);
  return { bytes, length: bytes.length, isShared: false };
}
