import type { Writable } from 'node:stream';

/**
 * Ends the process when its output is no longer read, as `micro logs -f greeter | head` asks for: with 0, as nothing has
 * failed. Output that cannot be written for another reason, such as a full disk, ends it with 1.
 */
export function endWithReader(streams: { readonly stdout: Writable; readonly stderr: Writable }): void {
  const end = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE') process.exit(0);
    streams.stderr.write(`micro: the output cannot be written: ${error.message}\n`, () => process.exit(1));
  };
  streams.stdout.once('error', end);
  streams.stderr.once('error', end);
}
