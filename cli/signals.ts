/** What the process is told by signals. */
export interface StopSignal {
  /** Resolves at the first SIGINT or SIGTERM. */
  readonly first: Promise<NodeJS.Signals>;
  /** Whether that was SIGINT: somebody pressed Ctrl-C, and waits. */
  readonly isInterrupt: () => boolean;
}

/**
 * Listens for SIGINT and SIGTERM. A second one ends the process at once: whoever asks twice does not want to wait for
 * calls to finish.
 */
export function stopSignal(): StopSignal {
  let received: NodeJS.Signals | undefined;
  const first = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      if (received !== undefined) process.exit(signal === 'SIGINT' ? 130 : 143);
      received = signal;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  return { first, isInterrupt: () => received === 'SIGINT' };
}
