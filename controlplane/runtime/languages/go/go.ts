import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlPlaneError } from '../../../errors.ts';
import type { Command } from '../../process/group.ts';
import { readSourceFile } from '../../project/source-file.ts';
import type { Language } from '../language.types.ts';
import { nameInCode } from './name-in-code.ts';

const install =
  'install Go (https://go.dev/dl, or apt-get install golang-go), make sure it is on the PATH, and start the server again';

/** Where the program is put: nothing of a source is there, since Go passes over folders whose names begin with a dot. */
const program = './.micro/service';

/** Go, as a module or as plain files. */
export const goLanguage: Language = {
  name: 'Go',
  marker: 'go.mod or main.go',
  programs: [],
  recognises: (files) => files.has('go.mod') || files.has('main.go'),

  async declaredName(folder) {
    return nameInCode((await mainPackage(folder)).sources);
  },

  async buildSteps(folder) {
    const { path } = await mainPackage(folder);
    const isModule = (await readdir(folder)).includes('go.mod');
    // What plain files import besides the standard library is fetched in its newest version.
    const prepare = isModule ? [] : [go('mod', 'init', 'service'), go('mod', 'tidy')];
    // The bundle has no history to take a version from, and what lies above it is another repository. Without
    // -modcacherw nobody could remove the cache without changing its modes first.
    return [...prepare, go('build', '-buildvcs=false', '-modcacherw', '-o', program, path)];
  },

  async startCommand() {
    return { file: program, arguments: [], install: 'build the service again' };
  },
};

function go(...words: readonly string[]): Command {
  return { file: 'go', arguments: words, install };
}

interface MainPackage {
  /** "." or "./cmd/greeter". */
  readonly path: string;
  /** Its files, without tests. */
  readonly sources: readonly string[];
}

/**
 * The package to build: that of the folder itself, or the only one in `cmd`.
 *
 * @throws ControlPlaneError `invalid` when neither is a program
 */
async function mainPackage(folder: string): Promise<MainPackage> {
  const own = await readSources(folder);
  if (isProgram(own)) return { path: '.', sources: own };
  const found: MainPackage[] = [];
  for (const name of await foldersIn(join(folder, 'cmd'))) {
    const sources = await readSources(join(folder, 'cmd', name));
    if (isProgram(sources)) found.push({ path: `./cmd/${name}`, sources });
  }
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const fault =
    only === undefined
      ? 'has no package main, nor has a folder in cmd'
      : `has several programs in cmd (${found.map(({ path }) => path).join(', ')})`;
  throw new ControlPlaneError(
    'invalid',
    `${folder} ${fault}: say in a micro.yaml how to build and start it, for instance "build: go build -o service ./some/path" and "command: ./service"`,
  );
}

/** Most files of a package that are read for its name. */
const mostFiles = 256;

/** The Go files of a folder, main.go first, then by name. */
async function readSources(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'));
  const ordered = names.toSorted(
    (one, other) => Number(other === 'main.go') - Number(one === 'main.go') || (one < other ? -1 : 1),
  );
  const sources: string[] = [];
  for (const name of ordered.slice(0, mostFiles)) sources.push((await readSourceFile(folder, name)) ?? '');
  return sources;
}

function isProgram(sources: readonly string[]): boolean {
  return sources.some((source) => /^package[ \t]+main\b/m.test(source));
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const children = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return children
    .filter((child) => child.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}
