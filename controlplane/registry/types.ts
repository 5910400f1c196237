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
  /** `protocol: "grpc"` means gRPC over h2c; `weight` is a share of calls (a whole number, 1 when left out). */
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

/** Puts instances into the registry and keeps them there. */
export interface Registrar {
  /**
   * Writes the instance under a lease and keeps the lease alive until `deregister`; a lease that is lost is granted
   * again and the key written again.
   *
   * @throws ControlPlaneError `unavailable` when the store does not answer
   */
  register(registered: Registered): Promise<Registration>;
}

export interface Registration {
  /** Deletes the key and lets the lease go. Returns the store revision from which on the instance is gone. */
  deregister(): Promise<bigint>;
}
