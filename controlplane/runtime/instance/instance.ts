import { once } from 'node:events';
import { ControlPlaneError } from '../../errors.ts';
import type { Registration } from '../../registry/types.ts';
import type { Command } from '../process/group.ts';
import { type Attempt, startAttempt } from './attempt.ts';
import { backOffMs, pause } from './back-off.ts';
import type { InstanceContext } from './context.ts';
import { type Deferred, deferred } from './deferred.ts';
import { Recorder } from './recorder.ts';
import { deregisterInstance, describeInstance, registerInstance } from './registration.ts';
import { registryId } from './registry-id.ts';
import type { InstanceSettings } from './settings.ts';
import type { InstanceEnd, InstanceState, InstanceStatus } from './state.ts';

export interface InstanceSpecification {
  readonly service: string;
  readonly version: string;
  /** Digest of the bundle that was built. */
  readonly bundle: string;
  /** Among the instances of the service on this node. */
  readonly number: number;
  readonly command: Command;
  /** The folder of the build, in which the command runs. */
  readonly folder: string;
  /** The deployment's. */
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: InstanceSettings;
  /** Its share of the calls against those of the others, until `setWeight` says something else. */
  readonly weight: number;
  /**
   * A proven instance is routed as soon as it is ready, and started again however it ends. Any other is routed when told to,
   * and given up when it ends before that.
   */
  readonly proven: boolean;
}

/** One running copy of a service: started, watched, kept in the registry while it is ready, started again when it ends. */
export class Instance {
  readonly specification: InstanceSpecification;
  readonly #context: InstanceContext;
  readonly #recorder: Recorder;
  readonly #ready: Deferred = deferred();
  readonly #mayRoute: Deferred = deferred();
  readonly #routed: Deferred = deferred();
  readonly #life: Promise<void>;
  #state: InstanceState = { status: 'starting', process: undefined };
  #restarts = 0;
  #lastEnd: InstanceEnd | undefined;
  #proven: boolean;
  #weight: number;
  /** Tells the registry of another weight, while it is in there. */
  #reweigh: (() => Promise<void>) | undefined;
  #stopping = false;
  /** Ends what is going on now: a run, or the wait for the next. */
  #interrupt = new AbortController();

  constructor(specification: InstanceSpecification, context: InstanceContext) {
    const { service, number, version, proven, weight } = specification;
    this.specification = specification;
    this.#context = context;
    this.#recorder = new Recorder(context, () => {
      return { service, number, version, restarts: this.#restarts, state: this.#state };
    });
    this.#proven = proven;
    this.#weight = weight;
    if (proven) this.#mayRoute.resolve();
    this.#life = this.#live();
    // Whoever waits for `ready` or `route` is told.
    this.#life.catch(() => undefined);
  }

  get weight(): number {
    return this.#weight;
  }

  get status(): InstanceStatus {
    const { version, number } = this.specification;
    return {
      id: `${this.#context.node}/${number}`,
      version,
      state: this.#state,
      restarts: this.#restarts,
      lastEnd: this.#lastEnd,
    };
  }

  /**
   * Resolves when it accepts connections for the first time.
   *
   * @throws ControlPlaneError `failed` when it was given up before that
   */
  ready(): Promise<void> {
    return this.#unlessOver(this.#ready.promise);
  }

  /**
   * Puts it into the registry, now and whenever it is ready again.
   *
   * @throws ControlPlaneError when it was given up before that, or the registry did not take it
   */
  route(): Promise<void> {
    this.#mayRoute.resolve();
    return this.#unlessOver(this.#routed.promise);
  }

  /**
   * Gives it another share of the calls, from now on.
   *
   * @throws ControlPlaneError `unavailable` when the store does not answer; it is told then as soon as it does
   */
  async setWeight(weight: number): Promise<void> {
    this.#weight = weight;
    await this.#reweigh?.();
  }

  /** Takes it out of the registry, lets its calls in flight finish, and ends its processes. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#interrupt.abort();
    await this.#life.catch(() => undefined);
    await this.#recorder.remove();
  }

  async #unlessOver(done: Promise<void>): Promise<void> {
    const over = this.#life.then(() => {
      throw new ControlPlaneError('failed', `${this.specification.service} was stopped`);
    });
    await Promise.race([done, over]);
  }

  async #live(): Promise<void> {
    const { limits, log, now, random } = this.#context;
    const { service, number, version } = this.specification;
    for (let failures = 0; ; failures += 1) {
      this.#interrupt = new AbortController();
      const { error, readyMs, lines } = await this.#run(this.#interrupt);
      if (this.#stopping) return;
      if (!this.#proven) throw error;
      if (readyMs >= limits.stableAfterMs) failures = 0;
      const waitMs = backOffMs(failures, limits, random);
      const reason = reasonOf(error);
      this.#lastEnd = { reason, unixMs: now(), lines };
      const status = failures + 1 >= limits.crashLoopEnds ? 'crash-looping' : 'backing-off';
      this.#become({ status, process: undefined, reason });
      log.warn({ service, number, version, reason, waitMs }, 'an instance ended; it is started again');
      this.#interrupt = new AbortController();
      await pause(waitMs, this.#interrupt.signal);
      if (this.#stopping) return;
      this.#restarts += 1;
    }
  }

  /** From a start to its end. Returns why it ended, how long it was ready, and what it printed last. */
  async #run(
    interrupt: AbortController,
  ): Promise<{ readonly error: Error; readonly readyMs: number; readonly lines: readonly string[] }> {
    const { node, limits, log, now } = this.#context;
    const { service, version, number } = this.specification;
    const { signal } = interrupt;
    const id = registryId(service, node, number);
    let attempt: Attempt | undefined;
    let registration: Registration | undefined;
    let readySince: number | undefined;
    let failure: Error | undefined;
    try {
      this.#become({ status: 'starting', process: undefined });
      attempt = await startAttempt(this.specification, this.#context);
      void attempt.group.exited.then(() => interrupt.abort());
      this.#become({ status: 'starting', process: attempt.process });
      const protocol = await attempt.ready(signal);
      readySince = now();
      this.#become({ status: 'ready', process: attempt.process, protocol });
      log.info({ id, version, address: attempt.process.address, protocol }, 'an instance is ready');
      this.#ready.resolve();
      await Promise.race([this.#mayRoute.promise, aborted(signal)]);
      const found = { id, address: attempt.process.address, node, protocol };
      const describe = () => describeInstance(this.specification, { ...found, weight: this.#weight });
      const { weight } = this;
      const held = await registerInstance(describe(), this.#context, { keepTrying: this.#proven, signal });
      registration = held;
      this.#reweigh = () => held.update(describe());
      // What the store does not take now is written when the registration is renewed.
      if (weight !== this.#weight) await this.#reweigh().catch(() => undefined);
      this.#proven = true;
      this.#routed.resolve();
      await aborted(signal);
    } catch (error) {
      // When it was interrupted, by its end or by `stop`, that is all there is to say.
      if (!signal.aborted) failure = toError(error);
    }
    const readyMs = readySince === undefined ? 0 : now() - readySince;
    this.#reweigh = undefined;
    if (this.#stopping) this.#become({ status: 'stopping', process: attempt?.process });
    if (registration !== undefined && attempt !== undefined) {
      const { address } = attempt.process;
      // Nobody waits for the answers of a process that has ended by itself.
      await deregisterInstance(registration, this.#context, { id, address, drain: this.#stopping });
    }
    await attempt?.group.stop(limits.stopGraceMs);
    const error = failure ?? (await attempt?.describeEnd()) ?? toError(signal.reason);
    return { error, readyMs, lines: attempt?.lastLines() ?? [] };
  }

  #become(state: InstanceState): void {
    this.#state = state;
    this.#recorder.save();
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Why it ended, without what it printed. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Rejects when `signal` is aborted. */
async function aborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  await once(signal, 'abort');
  throw signal.reason;
}
