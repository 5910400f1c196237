import { join } from 'node:path';

/**
 * Variables that let what builds run keep its caches in a folder of the server's own, so that the next build finds
 * what the last one fetched or compiled, and none writes into the home of whoever runs the server.
 *
 * HOME itself stays as it is: credentials of private registries are read from there, and toolchains of rustup and
 * pyenv live there.
 */
export function cacheEnvironment(folder: string): Readonly<Record<string, string>> {
  const at = (name: string): string => join(folder, name);
  return {
    npm_config_cache: at('npm'),
    npm_config_store_dir: at('pnpm'),
    YARN_CACHE_FOLDER: at('yarn'),
    PIP_CACHE_DIR: at('pip'),
    GOCACHE: at('go-build'),
    GOMODCACHE: at('go-modules'),
    CARGO_HOME: at('cargo'),
  };
}
