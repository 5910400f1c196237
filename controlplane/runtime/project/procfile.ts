import { ControlPlaneError } from '../../errors.ts';
import { readSourceFile } from './source-file.ts';

/** The file that lists what can be started of an application: https://devcenter.heroku.com/articles/procfile */
export const procfile = 'Procfile';

/**
 * Reads the Procfile of a folder.
 *
 * @returns the line for the shell that starts the service: `web`, or the only one there is; `undefined` without a Procfile
 * @throws ControlPlaneError `invalid` when it does not say which
 */
export async function readProcfile(folder: string): Promise<string | undefined> {
  const text = await readSourceFile(folder, procfile);
  if (text === undefined) return undefined;
  const path = `${folder}/${procfile}`;
  const commands = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, name, command] = /^([A-Za-z0-9_-]+):\s*(\S.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || command === undefined || command.includes('\0')) {
      throw new ControlPlaneError('invalid', `${path}, line ${index + 1}: is not "name: command"`);
    }
    commands.set(name, command);
  }
  const web = commands.get('web');
  if (web !== undefined) return web;
  const [only, ...others] = commands.values();
  if (only !== undefined && others.length === 0) return only;
  const found = commands.size === 0 ? 'nothing' : [...commands.keys()].join(', ');
  throw new ControlPlaneError(
    'invalid',
    `${path} does not say what serves requests: give it a "web:" (it has ${found})`,
  );
}
