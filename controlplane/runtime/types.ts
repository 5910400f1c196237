import type { BundlePart } from './bundle/part.ts';
import type { InstanceStatus } from './instance/state.ts';
import type { InstanceUsage } from './instance/usage.ts';
import type { LogLine } from './logs/line.ts';
import type { GitVersion } from './source/version.ts';

/** What is run. */
export type RunSource =
  /** A folder on somebody's machine, whose bundle has been received. */
  | {
      readonly type: 'uploaded';
      /** Digest. */
      readonly bundle: string;
      /** Absolute path on that machine. */
      readonly folder: string;
      readonly gitVersion: GitVersion;
    }
  /** As `source/location/parse.ts` reads it. */
  | { readonly type: 'location'; readonly location: string };

export interface RunRequest {
  readonly source: RunSource;
  /** Full or short; what the source says when left out. */
  readonly name?: string | undefined;
  /** What the source's micro.yaml says, else 1, when left out. */
  readonly instances?: number | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /**
   * 1 to 99: the version is on trial beside the one that runs, with so many percent of the calls and of its instances. It
   * takes the place of all others when left out.
   */
  readonly percent?: number | undefined;
}

export interface UpdateRequest {
  readonly service: string;
  /** The folder again from which it came, where it was sent; where it was fetched from is known. */
  readonly source?: RunSource | undefined;
}

export interface RollbackRequest {
  readonly service: string;
  /** One that is kept; the end of the trial that is on, else the version before, when left out. */
  readonly version?: string | undefined;
}

/** The stages of a run, in their order. */
export type Step = 'source' | 'bundle' | 'build' | 'start' | 'ready' | 'routed' | 'stop';

export type RunEvent =
  | { readonly type: 'step'; readonly step: Step; readonly detail: string }
  /** A line that the build printed. */
  | { readonly type: 'output'; readonly line: string };

/** What should run of a service, and what does. */
export interface DeploymentStatus {
  readonly service: string;
  readonly version: string;
  readonly source: string;
  readonly bundle: string;
  readonly instancesWanted: number;
  readonly updatedUnixMs: number;
  readonly instances: readonly InstanceStatus[];
  /** On the `http` entrypoint: "/service/greeter/"; empty when no path leads to it. */
  readonly path: string;
  /** Why nothing runs though it should; empty when that is not so. */
  readonly trouble: string;
  /** The version on trial beside it. */
  readonly canary: CanaryStatus | undefined;
  /** Versions that can be rolled back to, the last first. */
  readonly keptVersions: readonly string[];
}

interface CanaryStatus {
  readonly version: string;
  readonly source: string;
  readonly bundle: string;
  readonly instancesWanted: number;
  /** Of the calls. */
  readonly percent: number;
}

interface LogsRequest {
  readonly service: string;
  /** How many of the past at most. */
  readonly lines: number;
  readonly follow: boolean;
  /** Only what was printed then or later. Default 0. */
  readonly sinceUnixMs?: number;
  /** "<node>/<number>" or "<number>"; all instances when left out. */
  readonly instance?: string | undefined;
  /** What its builds printed, and not its instances. Default false. */
  readonly build?: boolean;
}

/** Starts services from source and keeps them running. A service is named in full, or in short where only one fits. */
export interface Runtime {
  /** Whether a bundle is here, so that it need not be sent. */
  hasBundle(digest: string): boolean;
  /**
   * Takes a bundle that somebody sends, to be run then.
   *
   * @param digest what they say it is
   * @throws ControlPlaneError `invalid` when it is something else, or holds what no bundle can
   */
  receiveBundle(digest: string, parts: AsyncIterable<BundlePart>, signal: AbortSignal): Promise<void>;
  /**
   * Brings a source to a running, routed service.
   *
   * @param signal gives it up, as long as the new version is not yet what should run
   * @throws ControlPlaneError that says what failed; what ran before runs on
   */
  run(request: RunRequest, onEvent: (event: RunEvent) => void, signal: AbortSignal): Promise<DeploymentStatus>;
  /**
   * Brings a service to what its source is now, in the environment and with as many instances as it has; does nothing when
   * that is what runs.
   *
   * @throws ControlPlaneError `not-found` when there is no such deployment, `conflict` when a version is on trial; as `run`
   */
  update(request: UpdateRequest, onEvent: (event: RunEvent) => void, signal: AbortSignal): Promise<DeploymentStatus>;
  /**
   * Ends a trial, or brings a service to a version that ran before.
   *
   * @throws ControlPlaneError `not-found` when there is no such deployment or version; as `run`
   */
  rollback(
    request: RollbackRequest,
    onEvent: (event: RunEvent) => void,
    signal: AbortSignal,
  ): Promise<DeploymentStatus>;
  /**
   * Puts the version on trial in the place of the other.
   *
   * @throws ControlPlaneError `not-found` when there is no such deployment, `failed` when none is on trial; as `run`
   */
  promote(service: string, onEvent: (event: RunEvent) => void, signal: AbortSignal): Promise<DeploymentStatus>;
  /**
   * Stops a service for good; a run of it that is under way is given up.
   *
   * @returns its full name
   * @throws ControlPlaneError `not-found` when there is no such deployment
   */
  kill(service: string): Promise<string>;
  /**
   * One deployment, or all, sorted by service.
   *
   * @throws ControlPlaneError `not-found` when there is no such deployment
   */
  status(service?: string): Promise<readonly DeploymentStatus[]>;
  /** What instances take of the machine, by the pid of their process; without those that have none. */
  usage(deployments: readonly DeploymentStatus[]): Promise<ReadonlyMap<number, InstanceUsage>>;
  /**
   * What the instances of a service printed, oldest first.
   *
   * @throws ControlPlaneError `not-found` when there is no such deployment and never was, or no such instance
   */
  logs(request: LogsRequest, signal: AbortSignal): Promise<AsyncIterable<LogLine>>;
  /** Stops all instances. The deployments stay: what should run is started again by the next server. */
  stop(): Promise<void>;
}
