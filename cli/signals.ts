/** What the process is told by signals. */
export interface StopSignal {
  /** Resolves at the first SIGINT or SIGTERM. */
  readonly first: Promise<NodeJS.Signals>;
  /** Whether that was SIGINT: somebody pressed Ctrl-C, and waits. */
  readonly isInterrupt: () => boolean;
  /** Ends the process as if it were told to, and with an error; `first` rejects with it. */
  readonly fail: (error: Error) => void;
}

/**
 * Listens for SIGINT and SIGTERM. A second one ends the process at once: whoever asks twice does not want to wait for
 * calls to finish.
 */
export function stopSignal(): StopSignal {
  let received: NodeJS.Signals | undefined;
  let fail: StopSignal['fail'] = () => undefined;
  const first = new Promise<NodeJS.Signals>((resolve, reject) => {
    fail = reject;
    const onSignal = (signal: NodeJS.Signals) => {
      if (received !== undefined) process.exit(signal === 'SIGINT' ? 130 : 143);
      received = signal;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  // Whoever waits hears of it; before anybody does it is no defect of ours.
  first.catch(() => undefined);
  return { first, isInterrupt: () => received === 'SIGINT', fail };
}
