import { execa } from 'execa';
import { writeService } from '../harness/service-folder.ts';

const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];

/** Writes a version of a service, which answers its name, and tags it with that in the git repository of the folder. */
export async function release(
  folder: string,
  version: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  await writeService(folder, version, {}, files);
  const git = (...words: readonly string[]) => execa('git', ['-C', folder, ...identity, ...words]);
  await git('init', '--quiet');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', version);
  await git('tag', version);
  return folder;
}

/** A version that ends before it listens. */
export const broken = { 'server.js': 'console.error("no database to be found"); process.exit(3);\n' };
