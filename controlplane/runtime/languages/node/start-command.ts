import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ControlPlaneError } from '../../../errors.ts';
import type { Command } from '../../process/group.ts';
import { installNode, npm } from './npm.ts';
import { plugAndPlay, usesPlugAndPlay } from './plug-and-play.ts';
import type { PackageJson } from './package-json.ts';

/** A word that a shell would pass on as it is. */
const plainWord = /^[\w@%+=:,./-]+$/;

/**
 * How a Node service is started. An `npm start` would stay as the parent of the service, with 50 MB of its own and an
 * exit code of its own, so a `start` script of plain words is run as it stands: its program is looked up as npm does, in
 * node_modules/.bin and then on the PATH. Only a script that needs a shell (quotes, variables, `&&`), or one with
 * a `prestart` or `poststart`, goes through npm, whichever package manager built it. With no script, it is `main`,
 * `server.js` or `index.js`.
 *
 * @throws ControlPlaneError `invalid` when there is none of these
 */
export function startCommand(folder: string, packageJson: PackageJson): Command {
  const command = findCommand(folder, packageJson);
  return { ...command, environment: { ...command.environment, ...plugAndPlay(folder) } };
}

function findCommand(folder: string, packageJson: PackageJson): Command {
  const { scripts, main } = packageJson;
  const script = scripts['start']?.trim();
  if (script !== undefined && script !== '') {
    const words = script.split(/\s+/);
    const [program = '', ...rest] = words;
    const plain = words.every((word) => plainWord.test(word)) && !program.includes('=');
    if (!plain || scripts['prestart'] !== undefined || scripts['poststart'] !== undefined) {
      return npm('start', '--silent');
    }
    const local = `./node_modules/.bin/${program}`;
    return {
      file: existsSync(join(folder, local)) ? local : program,
      arguments: rest,
      install: program === 'node' ? installNode : whereItBelongs(folder, program),
    };
  }
  const file = [main, 'server.js', 'index.js'].find((name) => name !== undefined && existsSync(join(folder, name)));
  if (file === undefined) {
    const missing = main === undefined ? '' : ` ("main" names ${main}, which the build does not have)`;
    throw new ControlPlaneError(
      'invalid',
      `package.json does not say how to start the service${missing}: give it a "start" script, for instance "node server.js"`,
    );
  }
  return { file: 'node', arguments: [file], install: installNode };
}

function whereItBelongs(folder: string, program: string): string {
  if (!usesPlugAndPlay(folder)) return `add ${program} to the dependencies in package.json, or install it`;
  return `only Yarn finds it, which installed it without node_modules: set "nodeLinker: node-modules" in .yarnrc.yml`;
}
