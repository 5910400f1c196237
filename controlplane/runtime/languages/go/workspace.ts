import { normalize } from 'node:path';

/**
 * Reads which folders a go.work uses as modules: https://go.dev/ref/mod#go-work-file-use
 *
 * @returns paths without "./" or a slash at the end; those that lead out of the source are left out, as nothing is there
 */
export function usedFolders(goWork: string): readonly string[] {
  const found: string[] = [];
  let inBlock = false;
  for (const line of goWork.split('\n').map((text) => text.replace(/\/\/.*/, '').trim())) {
    if (/^use\s*\($/.test(line)) inBlock = true;
    else if (line === ')') inBlock = false;
    else {
      const path = inBlock ? line : (/^use\s+(.+)$/.exec(line)?.[1] ?? '');
      if (path !== '') found.push(normalize(path.replace(/^["`](.*)["`]$/, '$1')).replace(/(?<=.)\/$/, ''));
    }
  }
  return found.filter((path) => !path.startsWith('/') && path.split('/')[0] !== '..');
}
