/** "256 MiB"; what is no whole number of MiB in bytes. */
export function describeSize(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`;
}
