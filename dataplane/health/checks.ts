import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { maxChecksAtOnce } from '../limits.ts';
import { ServiceMap } from '../routes/service-map.ts';
import type { RoutedInstance, RouteTable } from '../routes/table.ts';
import { type Checker, type CheckerOptions, startChecker } from './checker.ts';
import { probe } from './probe.ts';

export interface HealthChecksOptions extends Partial<CheckerOptions> {
  readonly log: Logger;
}

const none = ServiceMap.of([]);

/**
 * Makes the health checks that the instances of the present table ask for. A check goes on from table to table for as
 * long as its instance asks for the same; several services that share an instance share it.
 */
export class HealthChecks {
  readonly #options: CheckerOptions;
  #table: RouteTable | undefined;
  readonly #running = new Map<string, { readonly checker: Checker; users: number }>();

  constructor(options: HealthChecksOptions) {
    this.#options = { probe, limit: pLimit(maxChecksAtOnce), random: Math.random, ...options };
  }

  /** Makes the checks that this table asks for from here on, and no others. */
  follow(table: RouteTable | undefined): void {
    const before = this.#table?.services ?? none;
    const after = table?.services ?? none;
    this.#table = table;
    const changes = [...after.changesSince(before)];
    // What began before it ended goes on.
    for (const { after: service } of changes)
      for (const instance of service?.pickers.any.instances ?? []) this.#begin(instance);
    for (const { before: service } of changes)
      for (const instance of service?.pickers.any.instances ?? []) this.#end(instance);
  }

  stop(): void {
    this.follow(undefined);
  }

  #begin(instance: RoutedInstance): void {
    const { healthCheck } = instance;
    if (!healthCheck) return;
    const key = keyOf(instance);
    const running = this.#running.get(key);
    if (running) running.users += 1;
    else this.#running.set(key, { checker: startChecker(instance, healthCheck, this.#options), users: 1 });
  }

  #end(instance: RoutedInstance): void {
    if (!instance.healthCheck) return;
    const key = keyOf(instance);
    const running = this.#running.get(key);
    if (!running) return;
    running.users -= 1;
    if (running.users > 0) return;
    running.checker.stop();
    this.#running.delete(key);
  }
}

const keyOf = ({ name, protocol, healthCheck }: RoutedInstance): string =>
  JSON.stringify([name, protocol, healthCheck]);
