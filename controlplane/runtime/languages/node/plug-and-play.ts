import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Variables with which Node.js finds packages that Yarn installed without a node_modules folder, as `yarn node` sets them:
 * https://yarnpkg.com/features/pnp. None for what is installed in another way.
 *
 * Yarn itself would stay as the parent of the service, and need its own caches to start.
 */
export function plugAndPlay(folder: string): Readonly<Record<string, string>> {
  const hook = join(folder, '.pnp.cjs');
  const loader = join(folder, '.pnp.loader.mjs');
  if (!existsSync(hook)) return {};
  const forModules = existsSync(loader) ? ` --experimental-loader ${pathToFileURL(loader).href}` : '';
  return { NODE_OPTIONS: `--require ${JSON.stringify(hook)}${forModules}` };
}
