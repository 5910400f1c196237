import type { Registered, Registration } from '../../registry/types.ts';
import { backOffMs, pause } from './back-off.ts';
import type { InstanceContext } from './context.ts';
import type { Protocol } from './probe.ts';
import type { InstanceSettings } from './settings.ts';

/** What the registry tells data planes of an instance: what it speaks, its weight, what to check its health by. */
export function describeInstance(
  {
    service,
    version,
    settings,
  }: { readonly service: string; readonly version: string; readonly settings: InstanceSettings },
  found: {
    readonly id: string;
    readonly address: string;
    readonly node: string;
    readonly protocol: Protocol;
    readonly weight: number;
  },
): Registered {
  const { id, address, node, protocol, weight } = found;
  const metadata: Record<string, string> = { protocol, node };
  if (weight !== 1) metadata['weight'] = String(weight);
  if (settings.health?.startsWith('/') === true) metadata['health'] = settings.health;
  return { name: service, version, metadata: {}, endpoints: [], instance: { id, address, metadata } };
}

/**
 * Puts an instance into the registry.
 *
 * @param options.keepTrying tries again until `signal` is aborted; an instance that proved itself stays up while the store
 *   is away
 * @throws ControlPlaneError when the registry does not take it; the reason of `signal` when that is aborted
 */
export async function registerInstance(
  registered: Registered,
  { registrar, limits, log, random }: InstanceContext,
  options: { readonly keepTrying: boolean; readonly signal: AbortSignal },
): Promise<Registration> {
  const { keepTrying, signal } = options;
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await registrar.register(registered);
    } catch (error) {
      if (!keepTrying) throw error;
      log.warn({ err: error, id: registered.instance.id }, 'an instance could not be registered; it is tried again');
      await pause(backOffMs(failures, limits, random), signal);
    }
  }
}

/**
 * Takes an instance out of the registry; when the store does not answer, it goes with its lease.
 *
 * @param options.drain waits until no calls are routed to it, and those in flight are done
 */
export async function deregisterInstance(
  registration: Registration,
  { drained, limits: { drainMs }, log }: InstanceContext,
  options: { readonly id: string; readonly address: string; readonly drain: boolean },
): Promise<void> {
  const { id, address, drain } = options;
  try {
    const revision = await registration.deregister();
    if (!drain || (await drained(revision, [address], drainMs))) return;
    log.warn({ id, address, drainMs }, 'an instance is told to stop with calls in flight');
  } catch (error) {
    log.warn({ err: error, id }, 'an instance could not be deregistered; it goes when its lease ends');
  }
}
