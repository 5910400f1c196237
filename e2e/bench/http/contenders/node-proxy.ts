import { fileURLToPath } from 'node:url';
import { freeAddress } from '../../../harness/free-address.ts';
import { startProgram } from '../program.ts';
import type { Contender } from './contender.types.ts';

export const httpProxy = nodeProxy('http-proxy');
export const http2Proxy = nodeProxy('http2-proxy');

/** A library for Node, in the smallest program that a proxy can be made of with it. */
function nodeProxy(name: 'http-proxy' | 'http2-proxy'): Contender {
  const program = fileURLToPath(new URL(`${name}.process.js`, import.meta.url));
  return {
    name,
    title: name,
    async start({ instance, core }) {
      const address = await freeAddress();
      return startProgram({ command: [process.execPath, program, address, instance], address, core });
    },
  };
}
