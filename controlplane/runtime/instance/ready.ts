import { setTimeout as delay } from 'node:timers/promises';
import { ControlPlaneError } from '../../errors.ts';
import type { RuntimeLimits } from '../limits.ts';
import { type Protocol, probe } from './probe.ts';

const shortestWaitMs = 10;
const longestWaitMs = 250;

/**
 * Waits until an instance accepts connections, and tells what it speaks.
 *
 * @param options.signal ends the waiting, with its reason
 * @throws ControlPlaneError `failed` when it does not within `readyTimeoutMs`
 */
export async function waitUntilReady(options: {
  readonly host: string;
  readonly port: number;
  readonly limits: RuntimeLimits;
  readonly signal: AbortSignal;
}): Promise<Protocol> {
  const { host, port, limits, signal } = options;
  const deadline = performance.now() + limits.readyTimeoutMs;
  for (let waitMs = shortestWaitMs; ; waitMs = Math.min(waitMs * 1.5, longestWaitMs)) {
    const protocol = await probe({ host, port, timeoutMs: limits.probeTimeoutMs });
    signal.throwIfAborted();
    if (protocol !== undefined) return protocol;
    if (performance.now() > deadline) {
      throw new ControlPlaneError(
        'failed',
        `nothing listens on ${host}:${port} after ${limits.readyTimeoutMs / 1000} s; ` +
          'a service must listen on the port that the variable PORT names',
      );
    }
    await delay(waitMs, undefined, { signal });
  }
}
