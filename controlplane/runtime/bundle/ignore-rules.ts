import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { ControlPlaneError } from '../../errors.ts';

/** Never part of a bundle: git's history, and packages that the build fetches for its own machine. */
const always = new Set(['.git', 'node_modules', '.venv', '__pycache__']);
/** Bytes of a file with rules. */
const largestRules = 1024 * 1024;
const ruleFiles = { all: ['.gitignore', '.microignore'], micro: ['.microignore'] };

/** Which files with rules count. What is committed is part of a source though `.gitignore` names it: "micro". */
export type IgnoreFiles = keyof typeof ruleFiles;

/** What to leave out of a bundle, as seen from one folder: its own rules and those of the folders above. */
export interface IgnoreRules {
  /** Whether a file or folder of this folder is left out. */
  ignores(name: string, isFolder: boolean): boolean;
  /** The rules as seen from a folder of this folder. */
  inside(name: string): Promise<IgnoreRules>;
}

interface Level {
  readonly folder: string;
  readonly rules: Ignore;
}

/**
 * Reads the rules for the source at `root`: the `.gitignore` of each folder from the top of the repository down, as git
 * does (gitignore(5)), and beside each a `.microignore` in the same form, which has the last word.
 */
export async function readIgnoreRules(root: string, files: IgnoreFiles): Promise<IgnoreRules> {
  const levels: Level[] = [];
  const folders = files === 'all' ? await foldersFromRepositoryTo(root) : [root];
  for (const folder of folders) levels.push(...(await readLevel(folder, files)));
  return rulesOf(root, levels, files);
}

function rulesOf(folder: string, levels: readonly Level[], files: IgnoreFiles): IgnoreRules {
  return {
    ignores(name, isFolder) {
      if (always.has(name)) return true;
      const path = join(folder, name);
      // The nearest rule that speaks of the path decides.
      for (const level of levels.toReversed()) {
        const fromLevel = relative(level.folder, path).split(sep).join('/');
        const result = level.rules.test(isFolder ? `${fromLevel}/` : fromLevel);
        if (result.ignored || result.unignored) return result.ignored;
      }
      return false;
    },
    async inside(name) {
      const inner = join(folder, name);
      return rulesOf(inner, [...levels, ...(await readLevel(inner, files))], files);
    },
  };
}

async function readLevel(folder: string, files: IgnoreFiles): Promise<readonly Level[]> {
  const texts = await Promise.all(ruleFiles[files].map((name) => readIfFile(join(folder, name))));
  const present = texts.filter((text) => text !== undefined);
  return present.length === 0 ? [] : [{ folder, rules: ignore({ ignorecase: false }).add(present.join('\n')) }];
}

/** Folders from the one that holds `.git` down to `root`; `root` alone where there is no repository. */
async function foldersFromRepositoryTo(root: string): Promise<readonly string[]> {
  const folders = [root];
  for (let folder = root; ; folder = dirname(folder)) {
    if (folder !== root) folders.unshift(folder);
    if (await exists(join(folder, '.git'))) return folders;
    if (folder === dirname(folder)) return [root];
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function readIfFile(path: string): Promise<string | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!found?.isFile()) return undefined;
  if (found.size <= largestRules) return readFile(path, 'utf8');
  throw new ControlPlaneError('invalid', `${path} has ${found.size} bytes; at most ${largestRules} are read`);
}
