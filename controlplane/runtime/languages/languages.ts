import type { Language } from './language.types.ts';
import { nodeLanguage } from './node/node.ts';

/** The languages that are known. A folder is of the first that recognises it. */
export const languages: readonly Language[] = [nodeLanguage];
