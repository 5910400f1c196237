import type { Logger } from 'pino';
import type { Registrar } from '../../registry/types.ts';
import type { Cgroups } from '../cgroup/cgroups.ts';
import type { RuntimeLimits } from '../limits.ts';
import type { Logs } from '../logs/logs.ts';
import type { Ports } from './port.ts';
import type { InstanceRecords } from './records.ts';

/**
 * Resolves when calls are routed as of a store revision and none is in flight any more at these addresses, which are not
 * routed to as of it; `false` when calls were still in flight `timeoutMs` after that.
 */
export type Drained = (revision: bigint, addresses: readonly string[], timeoutMs: number) => Promise<boolean>;

/** What all instances of a node have in common. */
export interface InstanceContext {
  readonly node: string;
  /** Where instances listen. */
  readonly host: string;
  readonly ports: Ports;
  /** What their environments begin with: PATH, HOME, LANG. */
  readonly environment: Readonly<Record<string, string>>;
  /** The value that marks their processes; see `mark.ts`. */
  readonly mark: string;
  readonly cgroups: Cgroups;
  readonly registrar: Registrar;
  readonly drained: Drained;
  readonly records: InstanceRecords;
  readonly logs: Logs;
  readonly limits: RuntimeLimits;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}
