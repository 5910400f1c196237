import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperationError } from '../errors.ts';
import type { NewService } from './new-service.ts';

/** Beside the folder of this file, and beside that of the program that is built from it. */
const templates = fileURLToPath(new URL('../templates/', import.meta.url));

/** What the templates are filled in with, in the order in which it is looked for in them. */
const blanks: readonly (readonly [string, (service: NewService) => string])[] = [
  ['go.micro.service.my-service', ({ service }) => service],
  ['/service/my-service/', ({ path }) => path],
  ['my-service', ({ name }) => name],
];

/**
 * Makes the folder of a service out of the templates. It comes whole or not at all.
 *
 * @param folder must not exist, or be empty
 * @throws OperationError when it cannot be made
 */
export async function makeFolder(folder: string, service: NewService): Promise<void> {
  if ((await entriesOf(folder)).length > 0) {
    throw new OperationError(`${folder} exists and is not empty; choose another name, or remove it`);
  }
  try {
    await mkdir(dirname(folder), { recursive: true });
    const work = await mkdtemp(join(dirname(folder), '.micro-new-'));
    try {
      const made = join(work, 'service');
      for (const template of templatesOf(service)) await cp(template, made, { recursive: true });
      // npm leaves out of its packages what is called .gitignore.
      await rename(join(made, 'gitignore'), join(made, '.gitignore'));
      await fillIn(made, service);
      await rename(made, folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  } catch (error) {
    throw new OperationError(`${folder} cannot be made: ${(error as Error).message}`, { cause: error });
  }
}

/** What all services have, then those of the kind, then those of the language. */
function templatesOf({ language, kind }: NewService): readonly string[] {
  const own = kind === 'web' ? ['all/web', `${language}/web`] : [`${language}/json`];
  return ['all/common', `${language}/common`, ...own].map((name) => join(templates, name));
}

async function fillIn(folder: string, service: NewService): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = blanks.reduce(
      (text, [blank, value]) => text.replaceAll(blank, value(service)),
      await readFile(path, 'utf8'),
    );
    await writeFile(path, text);
  }
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    const fault = error.code === 'ENOTDIR' ? 'exists and is no folder' : `cannot be read: ${error.message}`;
    throw new OperationError(`${folder} ${fault}; choose another name`, { cause: error });
  });
}
