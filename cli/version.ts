import { readFileSync } from 'node:fs';

/** The version of `micro server`: that of its package. */
export const version = (): string => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
};
