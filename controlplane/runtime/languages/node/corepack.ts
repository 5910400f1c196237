import type { Command } from '../../process/group.ts';

/**
 * A call of pnpm or Yarn: of the program of that name, and of Corepack, which comes with Node.js up to version 24 and
 * fetches either. Where package.json pins a version, Corepack goes first, as it is what keeps to the pin.
 */
export function throughCorepack(
  name: 'pnpm' | 'yarn',
  words: readonly string[],
  options: { readonly pinned: boolean; readonly environment?: Readonly<Record<string, string>> },
): Command {
  const title = [name, ...words].join(' ');
  const install = `enable it with \`corepack enable\`, or install it with \`npm install --global ${name}\``;
  const environment = { ...settings, ...options.environment };
  const direct: Command = { file: name, arguments: words, title, environment, install };
  const corepack: Command = { file: 'corepack', arguments: [name, ...words], title, environment, install };
  return options.pinned ? { ...corepack, otherwise: direct } : { ...direct, otherwise: corepack };
}

const settings = {
  COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  // It would write into package.json.
  COREPACK_ENABLE_AUTO_PIN: '0',
  // What it gets from there is signed, which what it gets of Yarn elsewhere is not.
  COREPACK_NPM_REGISTRY: 'https://registry.npmjs.org',
};
