import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const hook = '.pnp.cjs';

/** Whether Yarn installed packages without a node_modules folder. */
export function usesPlugAndPlay(folder: string): boolean {
  return existsSync(join(folder, hook));
}

/**
 * Variables with which Node.js finds packages that are installed so, as `yarn node` sets them:
 * https://yarnpkg.com/features/pnp. None for what is installed in another way.
 *
 * Yarn itself would stay as the parent of the service, and need its own caches to start.
 */
export function plugAndPlay(folder: string): Readonly<Record<string, string>> {
  const loader = join(folder, '.pnp.loader.mjs');
  if (!usesPlugAndPlay(folder)) return {};
  const forModules = existsSync(loader) ? ` --experimental-loader ${pathToFileURL(loader).href}` : '';
  return { NODE_OPTIONS: `--require ${JSON.stringify(join(folder, hook))}${forModules}` };
}
