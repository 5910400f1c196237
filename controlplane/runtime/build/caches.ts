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
    // What pip, Go, Yarn 1 and Corepack keep theirs under, as do most tools: https://specifications.freedesktop.org/basedir-spec/
    XDG_CACHE_HOME: folder,
    npm_config_cache: at('npm'),
    PNPM_HOME: at('pnpm'),
    YARN_GLOBAL_FOLDER: at('yarn-berry'),
    GOPATH: at('go'),
    CARGO_HOME: at('cargo'),
  };
}
