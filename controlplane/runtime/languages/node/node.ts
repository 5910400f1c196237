import type { Command } from '../../process/group.ts';
import type { Language } from '../language.types.ts';
import { type PackageJson, readPackageJson } from './package-json.ts';
import { installNode } from './npm.ts';
import { findPackageManager } from './package-manager.ts';
import { startCommand } from './start-command.ts';

/** JavaScript and TypeScript on Node.js, as a package of npm, pnpm or Yarn. */
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
    const { install, locked, runScript } = await findPackageManager(folder, packageJson);
    const steps: Command[] = [];
    if (locked || needsInstall(packageJson)) steps.push(install);
    if (packageJson.scripts['build'] !== undefined) steps.push(runScript('build'));
    return steps;
  },

  async startCommand(folder) {
    return startCommand(folder, await readPackageJson(folder));
  },
};

/** Whether installing would do anything: fetch a package, or run a script that belongs to installing. */
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
