import { open } from 'node:fs/promises';
import { parseEnv } from 'node:util';

/** More than a deployment's environment may have, so that a wrong file is not read to its end. */
const largestFile = 256 * 1024;

/**
 * Reads a file of `KEY=VALUE` lines in the form that `node --env-file` takes: comments with "#", values in quotes, which
 * may go over several lines. Errors name the file and never what is in it: those are secrets.
 *
 * Node looks for the flag among the arguments of a script too (nodejs/node#54232, mended in later versions): when there is
 * no such file it says so itself, before any of this runs, and a pipe it has read to its end, so that pipes are refused.
 *
 * @throws Error that says why it cannot be read, in a few words
 */
export async function readEnvFile(path: string): Promise<Readonly<Record<string, string>>> {
  await using file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${error.code})`);
  });
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error('it is no regular file');
  if (stat.size > largestFile) throw new Error(`it has more than ${largestFile / 1024} KiB`);
  const text = await file.readFile('utf8');
  const environment = Object.entries(parseEnv(text)).map(([key, value = '']): [string, string] => [key, value]);
  if (environment.length === 0 && /^\s*[^#\s]/m.test(text)) throw new Error('it holds no line of the form KEY=VALUE');
  return Object.fromEntries(environment);
}
