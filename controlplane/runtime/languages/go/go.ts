import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../../process/group.ts';
import type { Language } from '../language.types.ts';
import { mainPackage } from './main-package.ts';
import { nameInCode } from './name-in-code.ts';

const install =
  'install Go (https://go.dev/dl, or apt-get install golang-go), make sure it is on the PATH, and start the server again';

/** Where the program is put: nothing of a source is there, since Go passes over folders whose names begin with a dot. */
const program = './.micro/service';

const markers = ['go.mod', 'go.work', 'main.go'];

/** Go, as a module, a workspace or plain files. */
export const goLanguage: Language = {
  name: 'Go',
  marker: 'go.mod, go.work or main.go',
  programs: [],
  recognises: (files) => markers.some((name) => files.has(name)),

  async declaredName(folder) {
    return nameInCode((await mainPackage(folder)).sources);
  },

  async buildSteps(folder) {
    const { path } = await mainPackage(folder);
    const isWorkspace = existsSync(join(folder, 'go.work'));
    const isModule = isWorkspace || existsSync(join(folder, 'go.mod'));
    // A workspace of somebody else may lie above the folder in which it is built.
    const environment = isWorkspace ? {} : { GOWORK: 'off' };
    const go = (...words: readonly string[]): Command => ({ file: 'go', arguments: words, environment, install });
    // What plain files import besides the standard library is fetched in its newest version.
    const prepare = isModule ? [] : [go('mod', 'init', 'service'), go('mod', 'tidy', '-modcacherw')];
    // The bundle has no history to take a version from, and what lies above it is another repository. Without
    // -modcacherw nobody could remove the cache without changing its modes first.
    return [...prepare, go('build', '-buildvcs=false', '-modcacherw', '-o', program, path)];
  },

  async startCommand() {
    return { file: program, arguments: [], install: 'build the service again' };
  },
};
