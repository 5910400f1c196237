import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { LoadOptions } from './h2load.ts';

const program = fileURLToPath(new URL('tracing-clients.process.js', import.meta.url));

/**
 * As many calls as go, each with metadata of its own: h2load sends the same with every call.
 *
 * @returns calls a second
 * @throws Error when calls failed
 */
export async function tracedCallsPerSecond(
  options: Omit<LoadOptions, 'exchange'> & { readonly seconds: number },
): Promise<number> {
  const { proxy, connections, streams, seconds, signal } = options;
  const args = [program, proxy.address, String(connections), String(streams), String(seconds)];
  const { stdout } = await execa(process.execPath, args, { cancelSignal: signal });
  return Number(stdout);
}
