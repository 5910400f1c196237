import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { parseEnv } from 'node:util';

/** More than a deployment's environment may have, so that a wrong file is not read to its end. */
const largestFile = 256 * 1024;

/**
 * Reads a file of `KEY=VALUE` lines in the form that `node --env-file` takes: comments with "#", values in quotes, which
 * may go over several lines. Errors name the file and never what is in it: those are secrets.
 *
 * @throws Error that says why it cannot be read, in a few words
 */
export async function readEnvFile(path: string): Promise<Readonly<Record<string, string>>> {
  await using file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${error.code})`);
  });
  if ((await file.stat()).isDirectory()) throw new Error('it is a folder');
  // As a stream, so that it may be a pipe: --env-file <(pass show greeter).
  const content = await buffer(file.createReadStream({ end: largestFile }));
  if (content.length > largestFile) throw new Error(`it has more than ${largestFile / 1024} KiB`);
  const text = content.toString('utf8');
  const environment = Object.entries(parseEnv(text)).map(([key, value = '']): [string, string] => [key, value]);
  if (environment.length === 0 && /^\s*[^#\s]/m.test(text)) throw new Error('it holds no line of the form KEY=VALUE');
  return Object.fromEntries(environment);
}
