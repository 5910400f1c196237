import type { Protocol } from './probe.ts';

/** What a service says of its instances. */
export interface InstanceSettings {
  /** Environment, over which that of the deployment goes. */
  readonly env?: Readonly<Record<string, string>>;
  /** What they speak; told from their first answer when left out. */
  readonly protocol?: Protocol | undefined;
  /** What tells that one is well: a path, "/healthz", or "grpc" for grpc.health.v1; that it listens when left out. */
  readonly health?: string | undefined;
  readonly limits: ResourceLimits;
}

/** The most that one instance may take, with all that it starts. */
interface ResourceLimits {
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Cores: 0.5 is half of one. */
  readonly cpu?: number | undefined;
}
