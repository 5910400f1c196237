import { createInterface } from 'node:readline';
import { spawnMicro } from './command.ts';
import type { Server } from './server.ts';

/** Starts a command that shows its steps, and resolves when it is at one of them, or over. */
export async function runUntil(
  server: Server,
  args: readonly string[],
  step: string,
): Promise<{ readonly ended: Promise<unknown> }> {
  const run = spawnMicro([...args, '--server', server.addresses.grpc], { MICRO_DATA_DIR: server.dataDir });
  const ended = run.then(() => undefined);
  // As events: a loop that is left waits for the next line, which may never come.
  const lines = createInterface(run.stderr);
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.startsWith(`${step} `)) resolve();
    });
    lines.once('close', resolve);
  });
  return { ended };
}
