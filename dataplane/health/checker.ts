import type { Logger } from 'pino';
import type { HealthCheck } from '../../proto/gen/micro/routes/v1/routes.ts';
import type { RoutedInstance } from '../routes/table.ts';
import type { Probe } from './probe.ts';

export interface CheckerOptions {
  readonly probe: Probe;
  /** Calls back when the next check may begin: there is a bound on how many are under way. */
  readonly limit: (check: () => Promise<void>) => Promise<void>;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly log: Logger;
}

export interface Checker {
  stop(): void;
}

/**
 * Checks an instance again and again, and tells its state when it is to get no calls, and when it is to get them again.
 * Until it has failed it counts as healthy.
 */
export function startChecker(instance: RoutedInstance, check: HealthCheck, options: CheckerOptions): Checker {
  const { probe, limit, random, log } = options;
  const { intervalMs, timeoutMs, pass, fail } = check;
  let isStopped = false;
  let underWay: AbortController | undefined;
  let timer: NodeJS.Timeout;
  let isHealthy = true;
  /** Checks in a row that speak against `isHealthy`. */
  let against = 0;

  function note(failure: unknown): void {
    const passed = failure === undefined;
    against = passed === isHealthy ? 0 : against + 1;
    if (against < (isHealthy ? fail : pass)) return;
    against = 0;
    isHealthy = passed;
    if (isHealthy) {
      instance.state.checkPassed();
      log.info({ instance: instance.name }, 'an instance passes its health check again');
    } else {
      instance.state.checkFailed();
      log.warn({ err: failure, instance: instance.name }, 'an instance fails its health check: calls go to others');
    }
  }

  async function checkOnce(): Promise<void> {
    if (isStopped) return;
    const ending = new AbortController();
    underWay = ending;
    const deadline = setTimeout(() => ending.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const failure = await probe(instance, check, ending.signal).then(
      () => undefined,
      (error: unknown) => error,
    );
    clearTimeout(deadline);
    if (isStopped) return;
    note(failure);
    // A tenth more or less, so that checks of many instances that began together do not stay together.
    checkAfter(intervalMs * (0.9 + 0.2 * random()));
  }

  function checkAfter(ms: number): void {
    timer = setTimeout(() => void limit(checkOnce), ms);
  }

  checkAfter(intervalMs * random());
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
      underWay?.abort();
      if (!isHealthy) instance.state.checkPassed();
    },
  };
}
