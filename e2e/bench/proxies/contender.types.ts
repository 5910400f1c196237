/** A proxy that takes part. */
export interface Contender {
  /** What `--contenders` takes. */
  readonly name: string;
  /** "micro server, access log" */
  readonly title: string;
  start(surroundings: Surroundings): Promise<RunningProxy>;
}

export interface Surroundings {
  /** Of this contender alone; it exists. */
  readonly folder: string;
  /** Address of the instance. */
  readonly instance: string;
  /** The core to run on. */
  readonly core: number;
  /** Options for the Node of `micro server`, to profile it. */
  readonly nodeOptions: string | undefined;
}

export interface RunningProxy extends AsyncDisposable {
  /** Where it takes requests: "127.0.0.1:41234". */
  readonly address: string;
  /** The process that forwards. */
  readonly pid: number;
}

export interface Proxy extends RunningProxy {
  readonly title: string;
}
