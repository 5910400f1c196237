import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { writeFiles } from '../../runtime.fixture.ts';

const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];

/** A git repository that a test makes on the spot. */
export interface TestRepository {
  readonly folder: string;
  /** Runs git in it and gives back what it printed, without the last line's end. */
  git(...words: readonly string[]): Promise<string>;
  /** Writes files and commits everything; gives back the commit. */
  commit(files?: Readonly<Record<string, unknown>>): Promise<string>;
}

/** Makes a repository whose default branch is called `trunk`, which nobody would guess. */
export async function makeTestRepository(folder: string): Promise<TestRepository> {
  await mkdir(folder, { recursive: true });
  const git = async (...words: readonly string[]): Promise<string> =>
    (await promisify(execFile)('git', ['-C', folder, ...identity, ...words])).stdout.trim();
  await git('init', '--quiet', '--initial-branch=trunk');
  await git('config', 'uploadpack.allowFilter', 'true');
  return {
    folder,
    git,
    async commit(files = {}) {
      await writeFiles(folder, files);
      await git('add', '--all', '--force');
      await git('commit', '--quiet', '--allow-empty', '--message=change');
      return git('rev-parse', 'HEAD');
    },
  };
}
