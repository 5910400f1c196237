import { fileURLToPath } from 'node:url';
import type { Language } from '../language.types.ts';

/**
 * A site that is served as it is. What serves it is a program of ours, which stands beside this file in what tsc makes, and
 * under another name beside the file that esbuild puts this one into; see esbuild.config.js.
 */
export const staticSite: Language = {
  name: 'static site',
  marker: 'index.html',
  programs: [],
  recognises: (files) => files.has('index.html'),
  declaredName: async () => undefined,
  buildSteps: async () => [],
  startCommand: async () => ({
    file: process.execPath,
    arguments: [fileURLToPath(new URL('./file-server.js', import.meta.url))],
    title: 'the file server of micro',
    install: 'install Node.js where the server was started from',
  }),
};
