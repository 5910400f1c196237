import { fileURLToPath } from 'node:url';
import { freeAddress } from '../../harness/free-address.ts';
import type { Contender } from './contender.types.ts';
import { startProgram } from './program.ts';

/**
 * A library for Node, in the smallest program that a proxy can be made of with it.
 *
 * @param program is told where to listen, and the address of the instance
 */
export function nodeProxy(name: string, title: string, program: URL): Contender {
  return {
    name,
    title,
    async start({ instance, core }) {
      const address = await freeAddress();
      return startProgram({ command: [process.execPath, fileURLToPath(program), address, instance], address, core });
    },
  };
}
