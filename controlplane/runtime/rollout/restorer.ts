import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { pause } from '../instance/back-off.ts';
import type { Instance } from '../instance/instance.ts';
import type { Orphans } from '../instance/orphans.ts';
import type { RuntimeLimits } from '../limits.ts';
import type { Deployer } from './deployer.ts';
import type { Deployment } from './deployments.ts';
import { groupsOf } from './groups.ts';
import type { Lanes } from './lanes.ts';

export interface RestorerOptions {
  readonly deployer: Deployer;
  readonly lanes: Lanes;
  readonly orphans: Orphans;
  readonly limits: Pick<RuntimeLimits, 'readyTimeoutMs' | 'reconnectMs'>;
  /** Ends the wait for successors. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

/** Starts again what should run, after a restart of the server. */
export class Restorer {
  readonly #parts: RestorerOptions;
  readonly #troubles = new Map<string, string>();

  constructor(parts: RestorerOptions) {
    this.#parts = parts;
    // Every service waits on it at once, and Node warns of a leak from the eleventh listener on.
    setMaxListeners(0, parts.stopping);
  }

  /**
   * Starts all of them side by side. One that cannot be started holds up no other; `trouble` tells why. What a killed server
   * left running of a service serves until that is done, so that a restart loses no calls; then it is ended.
   */
  async restore(deployments: readonly Deployment[]): Promise<void> {
    await Promise.all(deployments.map((deployment) => this.#restoreOne(deployment)));
  }

  /** Why nothing runs of a service, or of one of its versions, that should. */
  trouble(service: string): string | undefined {
    return this.#troubles.get(service);
  }

  /** Something else has been done about the service. */
  forget(service: string): void {
    this.#troubles.delete(service);
  }

  async #restoreOne(deployment: Deployment): Promise<void> {
    const { deployer, lanes, orphans, log } = this.#parts;
    const { service } = deployment;
    const work = async (signal: AbortSignal): Promise<readonly Instance[]> => {
      const started = await Promise.all(
        groupsOf(deployment).map((group) =>
          deployer.restore(service, group, signal).catch((error: unknown) => {
            if (signal.aborted) return [];
            this.#troubles.set(service, error instanceof Error ? error.message : String(error));
            const { version } = group.release;
            log.error({ err: error, service, version }, 'a version that should run cannot be started');
            return [];
          }),
        ),
      );
      return started.flat();
    };
    const successors = await lanes.enter({ service, what: 'is being started again', work });
    if (orphans.numbersOf(service).length > 0) await this.#handedOver(successors);
    await orphans
      .end(service)
      .catch((error: unknown) => log.error({ err: error, service }, 'what a killed server left running is not ended'));
  }

  /** Resolves when calls reach the successors, or cannot be expected to any more. */
  async #handedOver(successors: readonly Instance[]): Promise<void> {
    const { limits, stopping } = this.#parts;
    const routed = new AbortController();
    const all = Promise.all(successors.map((instance) => instance.route()))
      .catch(() => undefined)
      .finally(() => routed.abort());
    await Promise.race([all, pause(limits.readyTimeoutMs, AbortSignal.any([stopping, routed.signal]))]);
    // A data plane that has yet to find this server knows only the instances of the one before.
    await pause(limits.reconnectMs, stopping);
  }
}
