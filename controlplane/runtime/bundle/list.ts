import type { Dirent } from 'node:fs';
import { readdir, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import { type IgnoreRules, readIgnoreRules } from './ignore-rules.ts';

/** One thing in a bundle, by its path from the root, with "/" between the parts. */
export type BundleEntry =
  | { readonly type: 'folder'; readonly path: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

/**
 * Lists what belongs to the bundle of a source: everything that is not ignored, each folder before what it holds.
 *
 * @param options.leftOut a folder that is no part of it, wherever it is
 * @throws ControlPlaneError `invalid`, naming the entry, when one is no file, folder or link within the source, or there
 *   are more than `limit`
 */
export async function listSource(
  root: string,
  options: { readonly leftOut: string; readonly limit: number },
): Promise<readonly BundleEntry[]> {
  const { leftOut, limit } = options;
  const entries: BundleEntry[] = [];
  const add = (entry: BundleEntry): void => {
    if (entries.length === limit) {
      throw new ControlPlaneError(
        'invalid',
        `${root} holds more than ${limit} files and folders; leave out what the service does not need in a .microignore`,
      );
    }
    entries.push(entry);
  };
  const walk = async (folder: string, rules: IgnoreRules): Promise<void> => {
    const children = await readdir(join(root, folder), { withFileTypes: true });
    for (const child of children) {
      if (rules.ignores(child.name, child.isDirectory()) || join(root, folder, child.name) === leftOut) continue;
      const path = folder === '' ? child.name : `${folder}/${child.name}`;
      if (child.isDirectory()) {
        add({ type: 'folder', path });
        await walk(path, await rules.inside(child.name));
      } else if (child.isFile()) {
        add({ type: 'file', path });
      } else if (child.isSymbolicLink()) {
        add({ type: 'link', path, target: await linkTarget(root, path) });
      } else {
        throw new ControlPlaneError(
          'invalid',
          `${join(root, path)} is ${kindOf(child)}, which no bundle can hold; remove it or name it in a .microignore`,
        );
      }
    }
  };
  await walk('', await readIgnoreRules(root));
  return entries;
}

/** Where a link leads, made sure that it stays within the source on its whole way. */
async function linkTarget(root: string, path: string): Promise<string> {
  const link = join(root, path);
  const target = await readlink(link);
  const refuse = (fault: string): never => {
    throw new ControlPlaneError(
      'invalid',
      `the symbolic link ${link} → ${target} ${fault}; remove it or name it in a .microignore`,
    );
  };
  if (isAbsolute(target)) refuse('is absolute, so it would lead out of the bundle');
  const end = await realpath(link).catch((error: NodeJS.ErrnoException) =>
    refuse(error.code === 'ENOENT' ? 'leads to nothing' : `cannot be followed: ${error.message}`),
  );
  const inside = relative(root, end);
  if (inside === '..' || inside.startsWith(`..${sep}`)) refuse(`leads out of ${root}`);
  return target;
}

function kindOf(entry: Dirent): string {
  if (entry.isSocket()) return 'a socket';
  if (entry.isFIFO()) return 'a named pipe';
  return 'a device';
}
