const timeoutMs = 10_000;

/** What git says a folder's version is, or why it says nothing. */
export type GitVersion = { readonly version: string } | { readonly reason: string };

/**
 * Asks `git describe --tags --always --dirty` for the version of a folder, which may lie inside a bigger repository:
 * the last tag and the distance from it, or the commit; "-dirty" when something is not committed.
 *
 * @param environment PATH to find git with, HOME for its settings
 */
export async function gitVersion(folder: string, environment: Readonly<Record<string, string>>): Promise<GitVersion> {
  const { simpleGit, GitError } = await import('simple-git');
  const git = simpleGit({ baseDir: folder, timeout: { block: timeoutMs } }).env({ ...environment, LC_ALL: 'C' });
  try {
    return { version: (await git.raw('describe', '--tags', '--always', '--dirty')).trim() };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const [firstLine = ''] = error.message.trim().split('\n');
    return {
      reason: firstLine.includes('ENOENT')
        ? 'git is not installed'
        : firstLine.replace(/^fatal: /, '').replace(/ \(or any of the parent directories\).*/, ''),
    };
  }
}
