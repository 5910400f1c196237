import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ControlPlaneError } from '../../../errors.ts';
import type { Command } from '../../process/group.ts';
import { readSourceFile } from '../../project/source-file.ts';
import type { Language } from '../language.types.ts';
import { readToml } from '../toml.ts';

const install =
  'install Python 3 (https://www.python.org, or apt-get install python3 python3-venv) and start the server again';

/** The virtual environment of a build: https://docs.python.org/3/library/venv.html */
const environmentFolder = '.venv';
const programs = `${environmentFolder}/bin`;

/** Files that start a service, the most usual first; what a pyproject.toml has as its script goes before them. */
const mains = ['main.py', 'app.py', 'server.py', '__main__.py'];

/** What the runtime reads of a pyproject.toml: https://packaging.python.org/specifications/pyproject-toml/ */
const schema = z.object({
  'build-system': z.unknown().optional(),
  project: z
    .object({
      name: z.string().optional(),
      dependencies: z.array(z.string()).default([]),
      scripts: z.record(z.string(), z.string()).default({}),
    })
    .optional(),
  tool: z.object({ micro: z.object({ name: z.string().optional() }).optional() }).optional(),
});

/** Python, in a virtual environment of its own when it needs packages. */
export const pythonLanguage: Language = {
  name: 'Python',
  marker: 'requirements.txt, pyproject.toml or main.py',
  // An environment is of one Python, to which it links.
  toolchain: {
    file: 'python3',
    arguments: ['-I', '-c', 'import sys; print(sys.implementation.cache_tag, sys.base_prefix)'],
    install,
  },
  programs: [programs],
  recognises: (files) => ['requirements.txt', 'pyproject.toml', ...mains].some((name) => files.has(name)),

  async declaredName(folder) {
    const { tool, project } = (await readToml(folder, 'pyproject.toml', schema)) ?? {};
    // Names of packages are compared without regard to case, and these characters count as one (PEP 503).
    return tool?.micro?.name ?? project?.name?.toLowerCase().replace(/[-_.]+/g, '-');
  },

  async buildSteps(folder) {
    const wanted = await packagesOf(folder);
    if (wanted.length === 0) return [];
    const pip: Command = {
      file: `./${programs}/python`,
      arguments: ['-m', 'pip', 'install', ...wanted],
      title: `pip install ${wanted.join(' ')}`,
      environment: { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', PIP_PROGRESS_BAR: 'off' },
      install,
    };
    return [{ file: 'python3', arguments: ['-m', 'venv', environmentFolder], install }, pip];
  },

  async startCommand(folder) {
    const { project } = (await readToml(folder, 'pyproject.toml', schema)) ?? {};
    // Without it, what a service prints would be held back until it is a lot.
    const environment = { PYTHONUNBUFFERED: '1' };
    const scripts = Object.keys(project?.scripts ?? {});
    const script = scripts.length === 1 ? scripts[0] : scripts.find((name) => name === project?.name);
    if (script !== undefined) {
      const reinstall = 'build the service again, and see whether pip installs it';
      return { file: `./${programs}/${script}`, arguments: [], environment, install: reinstall };
    }
    const main = mains.find((name) => existsSync(join(folder, name)));
    if (main === undefined) {
      const several = scripts.length > 1 ? `, which has several (${scripts.join(', ')})` : '';
      throw new ControlPlaneError(
        'invalid',
        `${folder} does not say how to start the service: looked for ${mains.join(', ')} and a script in pyproject.toml${several}; ` +
          'say it in a Procfile, for instance "web: gunicorn app:app"',
      );
    }
    return { file: 'python3', arguments: [main], path: [programs], environment, install };
  },
};

/**
 * What pip is to install: the requirements; and the source itself, when it says how it is made into a package or which
 * scripts it has. A project with neither is an application: what it depends on is installed, where no requirements say it.
 */
async function packagesOf(folder: string): Promise<readonly string[]> {
  const text = (await readSourceFile(folder, 'requirements.txt')) ?? '';
  const requirements = text.split('\n').some((line) => !/^\s*(#.*)?$/.test(line)) ? ['-r', 'requirements.txt'] : [];
  const { project, ...rest } = (await readToml(folder, 'pyproject.toml', schema)) ?? {};
  const { scripts = {}, dependencies = [] } = project ?? {};
  if (rest['build-system'] !== undefined || Object.keys(scripts).length > 0) return [...requirements, '.'];
  if (requirements.length > 0 || dependencies.length === 0) return requirements;
  return ['--', ...dependencies];
}
