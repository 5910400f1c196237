import { fileURLToPath } from 'node:url';
import { freeAddress } from '../../harness/free-address.ts';
import { type Program, startProgram } from '../proxies/program.ts';

const program = fileURLToPath(new URL('instance.process.js', import.meta.url));

/**
 * Starts the instance behind every proxy. It is a program of this repository and not an nginx: that takes twice the time
 * for a call, so that a fast proxy would wait for it, does not show which message it got, and sends many messages of a
 * stream in one frame.
 */
export async function startInstance(core: number): Promise<Program> {
  const address = await freeAddress();
  return startProgram({ command: [process.execPath, program, address], address, core });
}
