import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../../process/group.ts';
import type { Language } from '../language.types.ts';
import { type PackageJson, readPackageJson } from './package-json.ts';
import { installNode, npm } from './npm.ts';
import { startCommand } from './start-command.ts';

/** JavaScript and TypeScript on Node.js, as npm packages. */
export const nodeLanguage: Language = {
  name: 'Node.js',
  marker: 'package.json',
  // Native modules are for one version of the binary interface of Node.js.
  toolchain: { file: 'node', arguments: ['-p', 'process.versions.modules'], install: installNode },
  programs: ['node_modules/.bin'],
  recognises: (files) => files.has('package.json'),

  async declaredName(folder) {
    const { micro, name } = await readPackageJson(folder);
    return micro?.name ?? name?.replace(/^@[^/]*\//, '');
  },

  async buildSteps(folder) {
    const packageJson = await readPackageJson(folder);
    const steps: Command[] = [];
    if (needsInstall(packageJson)) {
      const locked = existsSync(join(folder, 'package-lock.json')) || existsSync(join(folder, 'npm-shrinkwrap.json'));
      steps.push(npm(locked ? 'ci' : 'install'));
    }
    if (packageJson.scripts['build'] !== undefined) steps.push(npm('run', 'build'));
    return steps;
  },

  async startCommand(folder) {
    return startCommand(folder, await readPackageJson(folder));
  },
};

/** Whether `npm install` would do anything: fetch a package, or run a script that belongs to installing. */
function needsInstall(packageJson: PackageJson): boolean {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies, workspaces, scripts } = packageJson;
  const packages = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies };
  const installScripts = ['preinstall', 'install', 'postinstall', 'prepare'];
  return (
    Object.keys(packages).length > 0 ||
    workspaces !== undefined ||
    installScripts.some((name) => scripts[name] !== undefined)
  );
}
