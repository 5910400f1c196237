import { execa } from 'execa';

const readyWithinMs = 60_000;

/**
 * Starts the program of a service as it stands, with nothing around it, and waits until it says that it listens: by the
 * first line that it prints.
 *
 * @returns what ends it
 */
export async function startBare(folder: string, program: string): Promise<AsyncDisposable> {
  const child = execa(process.execPath, [program], {
    cwd: folder,
    env: { PORT: '0' },
    reject: false,
    stdin: 'ignore',
    buffer: false,
    // A session of its own, as each instance has: Linux shares processors out by session (sched(7), autogroup).
    detached: true,
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await child;
  };
  const timer = setTimeout(() => child.kill('SIGKILL'), readyWithinMs);
  const { done } = await child.iterable({ preserveNewlines: true })[Symbol.asyncIterator]().next();
  clearTimeout(timer);
  if (!done) return { [Symbol.asyncDispose]: stop };
  await stop();
  throw new Error(`${program} ended, or said nothing within ${readyWithinMs / 1000} s`);
}
