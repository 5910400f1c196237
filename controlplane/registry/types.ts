/** One version of a service, as it stands in the registry. */
export interface ServiceVersion {
  readonly name: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly endpoints: readonly Endpoint[];
  /** Sorted by id. */
  readonly instances: readonly RegistryInstance[];
}

/** What one store key holds: one instance, with what it says of its service. */
export interface Registered extends Omit<ServiceVersion, 'instances'> {
  readonly instance: RegistryInstance;
}

export interface RegistryInstance {
  readonly id: string;
  /** "host:port". */
  readonly address: string;
  /**
   * `protocol: "grpc"` means gRPC over h2c; `weight` is a share of calls (a whole number, 1 when left out); `health` and
   * its companions ask for a health check, see health-check.ts.
   */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Endpoint {
  /** "Say.Hello". */
  readonly name: string;
  readonly request: Value | undefined;
  readonly response: Value | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The shape of a request or response, as go-micro describes it. */
export interface Value {
  readonly name: string;
  readonly type: string;
  readonly values: readonly Value[];
}

/** The registry as of a store revision, kept in step with the store. */
export interface RegistryView {
  /** Store revision up to which changes of the registry are in. */
  readonly revision: bigint;
  /** Every version of a service, sorted by version; empty when there is none. */
  get(name: string): readonly ServiceVersion[];
  /** Every version of every service, sorted by name, then version. */
  list(): readonly ServiceVersion[];
  /** Store keys that hold an instance: more than one where it was written at both depths. */
  keysOf(service: string, instanceId: string): readonly string[];
  /** Calls `listener` after each change, in revision order. Returns the function that ends it. */
  onChange(listener: (change: RegistryChange) => void): () => void;
  stop(): void;
}

export interface RegistryChange {
  /** Services that are new, differ or are gone. */
  readonly names: ReadonlySet<string>;
  /** Store revision of the change. */
  readonly revision: bigint;
}

/** Puts instances into the registry and keeps them there, for whoever runs them. */
export interface Registrar {
  /**
   * Writes the instance under a lease and keeps the lease alive until `deregister`; a lease that is lost is granted
   * again and the key written again.
   *
   * @throws ControlPlaneError `invalid` with every problem of the instance, `unavailable` when the store does not answer
   */
  register(registered: Registered): Promise<Registration>;
}

export interface Registration {
  /**
   * Says something else of the instance, which stays registered; its id and the name of its service are the same. Does
   * nothing once it is deregistered.
   *
   * @throws ControlPlaneError `invalid` with every problem of the instance, `unavailable` when the store does not answer:
   *   it is written then as soon as the store does
   */
  update(registered: Registered): Promise<void>;
  /**
   * Deletes the key and lets the lease go. Returns the store revision from which on the instance is gone; if it was gone
   * before, the revision that registered it.
   *
   * @throws ControlPlaneError `unavailable` when the store does not answer; the instance then goes with its lease
   */
  deregister(): Promise<bigint>;
}

/** Registrations of instances that run elsewhere, and that keep themselves alive by registering again. */
export interface SelfRegistrations {
  /**
   * Writes the instance for `ttlSeconds`; when it stands as given, only renews its lease.
   *
   * @throws ControlPlaneError `invalid` with every problem of the instance, `unavailable` when the store does not answer
   */
  register(registered: Registered, ttlSeconds: number): Promise<void>;
  /**
   * Removes an instance, whoever registered it.
   *
   * @throws ControlPlaneError `not-found` when there is none, `unavailable` when the store does not answer
   */
  deregister(service: string, instanceId: string): Promise<void>;
}
