const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** The longest time that a timer can be set to. */
const longestMs = 2 ** 31 - 1;

/**
 * Milliseconds that the metadata `grpc-timeout` ("1S", "500m") leaves for a call; undefined for none, or for what is not
 * one. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export function timeoutMsOf(grpcTimeout: string | undefined): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(grpcTimeout ?? '') ?? [];
  if (amount === undefined) return undefined;
  return Math.min(Number(amount) * (unitMs[unit] ?? 0), longestMs);
}
