import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { throughCorepack } from './corepack.ts';
import type { PackageManager, PackageManagerChoice } from './package-manager.ts';

/** https://pnpm.io/cli/install */
export function pnpm({ folder, locked, pinned }: PackageManagerChoice): PackageManager {
  const call = (...words: readonly string[]) =>
    throughCorepack('pnpm', words, {
      pinned: pinned !== undefined,
      environment: { npm_config_update_notifier: 'false' },
    });
  // A workspace of somebody else may lie above the folder in which it is built.
  const own = existsSync(join(folder, 'pnpm-workspace.yaml')) ? [] : ['--ignore-workspace'];
  return {
    install: call('install', locked ? '--frozen-lockfile' : '--no-frozen-lockfile', ...own),
    runScript: (name) => call('run', name),
  };
}
