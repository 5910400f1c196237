import type { SimpleGit } from 'simple-git';
import { gitError } from './errors.ts';

/** Runs git with the words of a command and gives back what it printed. */
export type Git = (...words: readonly string[]) => Promise<string>;

/** Transports that may be used, redirects of a server included: no helper that would run a program (`ext::`). */
const transports = 'https:http:ssh:file';

/** Without it, a host that does not answer would be waited for as long as the kernel likes. */
const ssh = 'ssh -o BatchMode=yes -o ConnectTimeout=15';

/**
 * Git that asks nobody anything: what would prompt fails. Credentials come from the helpers in the user's git settings
 * and from the ssh agent.
 *
 * @param options.repository its own files (`.git`), wherever it runs; there need be none yet
 * @param options.environment the whole environment of git, but for what is set here
 * @param options.source what errors call the repository
 * @param options.signal ends a command that runs; errors are what it was aborted with then
 */
export async function openGit(options: {
  readonly repository: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly source: string;
  readonly signal: AbortSignal;
}): Promise<Git> {
  const { repository, folder, environment, source, signal } = options;
  const { simpleGit } = await import('simple-git');
  const own = {
    GIT_TERMINAL_PROMPT: '0',
    // Neither is asked when empty, not even the one that git's settings name.
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    GIT_ALLOW_PROTOCOL: transports,
    // Errors are told apart by their words.
    LC_ALL: 'C',
  };
  const git: SimpleGit = simpleGit({
    baseDir: folder,
    abort: signal,
    // In a session of its own: what git starts can be ended with it, and has no terminal to ask somebody at.
    binary: ['setsid', 'git'],
    allowEnvironment: [...Object.keys(own), 'GIT_SSH_COMMAND'],
    // Of what it guards against, these are set here, and by nobody else.
    unsafe: {
      allowUnsafeAskPass: true,
      allowUnsafeSshCommand: true,
      allowUnsafeProtocolOverride: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeTemplateDir: true,
    },
  }).env({ ...environment, ...own });
  const run: Git = async (...words) => {
    signal.throwIfAborted();
    try {
      return await git.raw(...words);
    } catch (error) {
      signal.throwIfAborted();
      throw gitError(source, error);
    }
  };
  // It would go before the one that git's settings name, with the key to use perhaps.
  if ((await run('config', '--get', 'core.sshCommand')) === '')
    git.env({ ...environment, ...own, GIT_SSH_COMMAND: ssh });
  return (...words) => run(`--git-dir=${repository}`, ...words);
}
