/** Bounds and times of the runtime. All of them hold for one service at a time unless they say otherwise. */
export interface RuntimeLimits {
  /** Largest bundle, bytes of all files together; 256 MiB. */
  readonly bundleBytes: number;
  /** Most files and folders of a bundle; 50,000. */
  readonly bundleEntries: number;
  /** How long it may take to fetch a source from a git repository; 5 min. */
  readonly fetchTimeoutMs: number;
  /** How much of a git repository may be fetched, bytes on disk; 1 GiB. */
  readonly fetchBytes: number;
  /** How many builds run at the same time, of all services; 2. */
  readonly buildsAtOnce: number;
  /** How long a whole build may take; 10 min. */
  readonly buildTimeoutMs: number;
  /** How much a build may print, in characters; 16 Mi. */
  readonly buildOutputLength: number;
  /** How long after its start an instance may take to accept connections; 60 s. */
  readonly readyTimeoutMs: number;
  /** How long data planes may take to find a server that was started again; 6 s, as they wait for up to 5 s between tries. */
  readonly reconnectMs: number;
  /** How long an instance that accepts connections may take to show which protocol it speaks; 5 s. */
  readonly probeTimeoutMs: number;
  /** How long calls in flight at an instance may go on that is taken out of the routes, before SIGTERM; 30 s. */
  readonly drainMs: number;
  /** How long an instance has to end after SIGTERM, before SIGKILL; 10 s. */
  readonly stopGraceMs: number;
  /** Wait before the first restart, doubled for each one that follows; 100 ms. */
  readonly backOffFirstMs: number;
  /** Longest wait before a restart; 30 s. */
  readonly backOffLongestMs: number;
  /** How many times in a row an instance ends before it is shown as crash-looping; 3. */
  readonly crashLoopEnds: number;
  /** An instance that was ready for so long starts over with the first wait; 60 s. */
  readonly stableAfterMs: number;
  /** Most instances of a service; 64. */
  readonly instances: number;
  /** Versions of a service that are kept to roll back to, the one that runs included; 5. */
  readonly versions: number;
  /** Size of a log file, bytes, at which a new one is begun; 10 MiB. */
  readonly logFileBytes: number;
  /** Log files kept for each instance, the current one included; 3. */
  readonly logFiles: number;
}

export const defaultLimits: RuntimeLimits = {
  bundleBytes: 256 * 1024 * 1024,
  bundleEntries: 50_000,
  fetchTimeoutMs: 300_000,
  fetchBytes: 1024 * 1024 * 1024,
  buildsAtOnce: 2,
  buildTimeoutMs: 600_000,
  buildOutputLength: 16 * 1024 * 1024,
  readyTimeoutMs: 60_000,
  reconnectMs: 6000,
  probeTimeoutMs: 5000,
  drainMs: 30_000,
  stopGraceMs: 10_000,
  backOffFirstMs: 100,
  backOffLongestMs: 30_000,
  crashLoopEnds: 3,
  stableAfterMs: 60_000,
  instances: 64,
  versions: 5,
  logFileBytes: 10 * 1024 * 1024,
  logFiles: 3,
};
