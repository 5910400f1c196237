import { setTimeout as delay } from 'node:timers/promises';
import { ControlPlaneError } from '../../errors.ts';
import type { RuntimeLimits } from '../limits.ts';
import { troubleOf } from './health.ts';
import { type Protocol, probe } from './probe.ts';
import type { InstanceSettings } from './settings.ts';

const shortestWaitMs = 10;
const longestWaitMs = 250;

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly settings: Pick<InstanceSettings, 'protocol' | 'health'>;
  readonly limits: Pick<RuntimeLimits, 'readyTimeoutMs' | 'probeTimeoutMs'>;
}

/**
 * Waits until an instance accepts connections, speaks what it should and, where there is a way to ask, says that it is well.
 *
 * @param options.signal ends the waiting, with its reason
 * @returns what it speaks
 * @throws ControlPlaneError `failed`, with what was amiss last, when that is not so within `readyTimeoutMs`
 */
export async function waitUntilReady(options: Asked & { readonly signal: AbortSignal }): Promise<Protocol> {
  const { limits, signal } = options;
  const deadline = performance.now() + limits.readyTimeoutMs;
  for (let waitMs = shortestWaitMs; ; waitMs = Math.min(waitMs * 1.5, longestWaitMs)) {
    const asked = await ask(options);
    signal.throwIfAborted();
    if ('protocol' in asked) return asked.protocol;
    if (performance.now() > deadline) {
      throw new ControlPlaneError('failed', `after ${limits.readyTimeoutMs / 1000} s ${asked.trouble}`);
    }
    await delay(waitMs, undefined, { signal });
  }
}

/** Asks once. */
async function ask(options: Asked): Promise<{ readonly protocol: Protocol } | { readonly trouble: string }> {
  const { host, port, settings, limits } = options;
  const timeoutMs = limits.probeTimeoutMs;
  const protocol = await probe({ host, port, declared: settings.protocol, timeoutMs });
  if (protocol === undefined) {
    const advice = 'a service must listen on the port that the variable PORT names';
    return { trouble: `nothing listens on ${host}:${port}; ${advice}` };
  }
  if (settings.protocol === 'grpc' && protocol !== 'grpc') {
    const advice = 'its protocol is said to be grpc, for which it must speak HTTP/2 without TLS';
    return { trouble: `what listens on ${host}:${port} speaks no HTTP/2; ${advice}` };
  }
  if (settings.health === undefined) return { protocol };
  const trouble = await troubleOf({ host, port, protocol, health: settings.health, timeoutMs });
  return trouble === undefined ? { protocol } : { trouble: `it is not well: ${trouble}` };
}
