import type { Dirent } from 'node:fs';
import { readdir, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import { tooMuch } from './bounds.ts';
import { type IgnoreFiles, type IgnoreRules, readIgnoreRules } from './ignore-rules.ts';

/** One thing in a bundle, by its path from the root, with "/" between the parts. */
export type BundleEntry =
  | { readonly type: 'folder'; readonly path: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'link'; readonly path: string; readonly target: string };

export interface ListOptions {
  /** Most files and folders. */
  readonly limit: number;
  /** Default "all". */
  readonly ignoreFiles?: IgnoreFiles;
}

/**
 * Lists what belongs to the bundle of a source: everything that is not ignored, each folder before what it holds. The
 * data folder of a server, with the control token in it, is no part of any.
 *
 * @throws ControlPlaneError `invalid`, naming the entry, when one is no file, folder or link within the source, or there
 *   are more than `limit`
 */
export async function listSource(
  root: string,
  { limit, ignoreFiles = 'all' }: ListOptions,
): Promise<readonly BundleEntry[]> {
  const entries: BundleEntry[] = [];
  const add = (entry: BundleEntry): void => {
    if (entries.length === limit) throw tooMuch(root, `${limit} files and folders`);
    entries.push(entry);
  };
  const walk = async (folder: string, rules: IgnoreRules): Promise<void> => {
    const children = await readdir(join(root, folder), { withFileTypes: true });
    if (folder !== '' && isDataFolder(children)) return;
    for (const child of children) {
      if (rules.ignores(child.name, child.isDirectory())) continue;
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
  await walk('', await readIgnoreRules(root, ignoreFiles));
  return entries;
}

/** A source may well have the data folder of its server inside: `micro server --data-dir ./data`. */
export function isDataFolder(children: readonly Dirent[]): boolean {
  return ['lock', 'node', 'token'].every((name) => children.some((child) => child.name === name && child.isFile()));
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
