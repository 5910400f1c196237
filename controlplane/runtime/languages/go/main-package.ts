import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../../../errors.ts';
import { readSourceFile } from '../../project/source-file.ts';
import { usedFolders } from './workspace.ts';

export interface MainPackage {
  /** "." or "./cmd/greeter". */
  readonly path: string;
  /** Its files, without tests. */
  readonly sources: readonly string[];
}

/**
 * The package to build: that of the folder itself, or the only one in `cmd`; in a workspace also the only one in the folders
 * that its go.work uses, or in their `cmd`.
 *
 * @throws ControlPlaneError `invalid` when there is none, or several
 */
export async function mainPackage(folder: string): Promise<MainPackage> {
  const goWork = await readSourceFile(folder, 'go.work');
  const modules = new Set(['.', ...(goWork === undefined ? [] : usedFolders(goWork))]);
  const found: MainPackage[] = [];
  for (const module of modules) {
    const own = await programIn(folder, module);
    if (own?.path === '.') return own;
    const commands = await Promise.all(
      (await foldersIn(join(folder, module, 'cmd'))).map((name) => programIn(folder, join(module, 'cmd', name))),
    );
    found.push(...[own, ...commands].filter((program) => program !== undefined));
  }
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const places = goWork === undefined ? 'cmd' : 'cmd and the modules of its go.work';
  const fault =
    only === undefined
      ? `has no package main, nor is there one in ${places}`
      : `has several programs in ${places} (${found.map(({ path }) => path).join(', ')})`;
  throw new ControlPlaneError(
    'invalid',
    `${folder} ${fault}: say in a micro.yaml how to build and start it, for instance "build: go build -o service ./some/path" and "command: ./service"`,
  );
}

/** The program in a folder of the source; `undefined` when it holds none. */
async function programIn(folder: string, path: string): Promise<MainPackage | undefined> {
  const sources = await readSources(join(folder, path));
  const isProgram = sources.some((source) => /^package[ \t]+main\b/m.test(source));
  return isProgram ? { path: path === '.' ? path : `./${path}`, sources } : undefined;
}

/** Most files of a package that are read for its name. */
const mostFiles = 256;

/** The Go files of a folder, main.go first, then by name. */
async function readSources(folder: string): Promise<readonly string[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'));
  const ordered = names.toSorted(
    (one, other) => Number(other === 'main.go') - Number(one === 'main.go') || (one < other ? -1 : 1),
  );
  const sources: string[] = [];
  for (const name of ordered.slice(0, mostFiles)) sources.push((await readSourceFile(folder, name)) ?? '');
  return sources;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(nothingThere);
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const children = await readdir(folder, { withFileTypes: true }).catch(nothingThere);
  return children
    .filter((child) => child.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

function nothingThere(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}
