import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import type { Language } from './language.types.ts';
import { nodeLanguage } from './node/node.ts';

const languages: readonly Language[] = [nodeLanguage];

/**
 * Tells the language of the service in a folder.
 *
 * @throws ControlPlaneError `invalid` when there is no service of a known language
 */
export async function recogniseLanguage(folder: string): Promise<Language> {
  for (const language of languages) {
    if (await exists(join(folder, language.marker))) return language;
  }
  const markers = languages.map(({ name, marker }) => `${marker} (${name})`).join(', ');
  throw new ControlPlaneError('invalid', `${folder} holds no service that is known how to run: looked for ${markers}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
