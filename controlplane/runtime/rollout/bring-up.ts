import type { Instance } from '../instance/instance.ts';
import type { Fleet } from './fleet.ts';

/**
 * Brings up new instances beside what runs: all of them ready, then registered, then written down as what should run
 * (`commit`). When anything fails before `commit` is done, or `signal` is aborted before it begins, they are stopped again,
 * and all else is as it was.
 *
 * @param options.start starts the new instances
 * @param options.heavier those that run and get a greater weight, before the new ones are registered
 * @throws what failed, or the reason of `signal`
 */
export async function bringUp(options: {
  readonly fleet: Pick<Fleet, 'stop'>;
  readonly start: () => readonly Instance[];
  readonly heavier: readonly { readonly instance: Instance; readonly weight: number }[];
  readonly onReady: () => void;
  readonly commit: () => Promise<void>;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { fleet, start, heavier, onReady, commit, signal } = options;
  signal.throwIfAborted();
  const before = heavier.map(({ instance }) => ({ instance, weight: instance.weight }));
  const instances = start();
  // Ends the wait for those that are not ready yet.
  const giveUp = (): void => void fleet.stop(instances);
  signal.addEventListener('abort', giveUp);
  try {
    await Promise.all(instances.map((instance) => instance.ready()));
    onReady();
    await Promise.all(heavier.map(({ instance, weight }) => instance.setWeight(weight)));
    await Promise.all(instances.map((instance) => instance.route()));
    signal.throwIfAborted();
    // From here on they are what should run, unless the store refuses: stopped meanwhile, nothing would be left in their place.
    signal.removeEventListener('abort', giveUp);
    await commit();
  } catch (error) {
    await fleet.stop(instances);
    // What the store does not take is taken when the registration is renewed.
    await Promise.allSettled(before.map(({ instance, weight }) => instance.setWeight(weight)));
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
