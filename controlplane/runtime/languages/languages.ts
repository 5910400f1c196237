import { goLanguage } from './go/go.ts';
import type { Language } from './language.types.ts';
import { nodeLanguage } from './node/node.ts';
import { pythonLanguage } from './python/python.ts';
import { rustLanguage } from './rust/rust.ts';
import { staticSite } from './static/static.ts';

/**
 * The languages that are known. A folder is of the first that recognises it: the package.json of a service that is written
 * in Go or Rust is there for its pages.
 */
export const languages: readonly Language[] = [goLanguage, rustLanguage, nodeLanguage, pythonLanguage, staticSite];
