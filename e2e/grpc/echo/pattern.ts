// Of a prime number of bytes, so that no frame begins where another did.
const period = Buffer.from(Array.from({ length: 251 }, (_, index) => index));

/** A message of so many bytes. */
export function patternOf(bytes: number): Buffer {
  return Buffer.alloc(bytes, period);
}

export function isOfPattern(message: Buffer): boolean {
  return message.equals(patternOf(message.length));
}
