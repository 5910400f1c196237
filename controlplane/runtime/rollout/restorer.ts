import type { Logger } from 'pino';
import type { Deployer } from './deployer.ts';
import type { Deployment } from './deployments.ts';
import type { Lanes } from './lanes.ts';

/** Starts again what should run, after a restart of the server. */
export class Restorer {
  readonly #deployer: Deployer;
  readonly #lanes: Lanes;
  readonly #log: Logger;
  readonly #troubles = new Map<string, string>();

  constructor(options: { readonly deployer: Deployer; readonly lanes: Lanes; readonly log: Logger }) {
    this.#deployer = options.deployer;
    this.#lanes = options.lanes;
    this.#log = options.log;
  }

  /** Starts all of them side by side. One that cannot be started holds up no other; `trouble` tells why. */
  async restore(deployments: readonly Deployment[]): Promise<void> {
    await Promise.all(deployments.map((deployment) => this.#restoreOne(deployment)));
  }

  /** Why nothing runs of a service that should. */
  trouble(service: string): string | undefined {
    return this.#troubles.get(service);
  }

  /** Something else has been done about the service. */
  forget(service: string): void {
    this.#troubles.delete(service);
  }

  async #restoreOne(deployment: Deployment): Promise<void> {
    const { service } = deployment;
    const work = async (signal: AbortSignal): Promise<void> => {
      try {
        await this.#deployer.restore(deployment, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#troubles.set(service, error instanceof Error ? error.message : String(error));
        this.#log.error({ err: error, service }, 'a service that should run cannot be started');
      }
    };
    await this.#lanes.enter({ service, what: 'is being started again', work });
  }
}
