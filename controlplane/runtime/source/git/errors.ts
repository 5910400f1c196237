import { ControlPlaneError, type ControlPlaneErrorCode } from '../../../errors.ts';

interface Fault {
  /** In what git, ssh or the server said. */
  readonly said: RegExp;
  readonly code: ControlPlaneErrorCode;
  readonly message: (source: string) => string;
}

/** What git says where something cannot be had, the surer signs first. */
const faults: readonly Fault[] = [
  {
    said: /spawn setsid ENOENT|setsid: failed to execute git/,
    code: 'failed',
    message: (source) =>
      `${source} cannot be fetched: git is not installed on the server; install it (apt-get install git util-linux)`,
  },
  {
    said: /could not resolve host/i,
    code: 'failed',
    message: (source) => `${source} cannot be fetched: its host is not known; check its name, and the server's DNS`,
  },
  {
    said: /remote host identification has changed/i,
    code: 'failed',
    message: (source) =>
      `${source} cannot be fetched: its host has another key than ~/.ssh/known_hosts of the server's user says; find out why, then replace it there`,
  },
  {
    said: /host key verification failed/i,
    code: 'failed',
    message: (source) =>
      `${source} cannot be fetched: ssh does not know the key of its host; add it to ~/.ssh/known_hosts of the server's user`,
  },
  {
    said: /could not read (username|password)|authentication failed|permission denied|access denied|invalid credentials|HTTP (code )?40[13]|returned error: 40[13]|dubious ownership/i,
    code: 'failed',
    message: (source) =>
      `no access to ${source}: the server's user has no credentials that it takes; set up a credential helper of git, or an ssh key`,
  },
  {
    said: /repository .*not found|does not appear to be a git repository|not a git repository|does not exist|HTTP (code )?404|returned error: 404/i,
    code: 'not-found',
    message: (source) => `there is no git repository at ${source}, or it is private and the server has no access to it`,
  },
  {
    said: /timed out|timeout|connection refused|failed to connect|couldn't connect|network is unreachable|no route to host/i,
    code: 'unavailable',
    message: (source) => `${source} cannot be fetched: its host does not answer; try again later`,
  },
];

/** Says what git could not do, and the next step; what is no error of git's stays as it is. */
export function gitError(source: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const fault = faults.find(({ said }) => said.test(error.message));
  if (fault !== undefined) return new ControlPlaneError(fault.code, fault.message(source), { cause: error });
  return new ControlPlaneError('failed', `${source} cannot be fetched: ${lastWords(error.message)}`, { cause: error });
}

/** What git gave as its reason, on one line and of bounded length. */
function lastWords(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const reason = lines.find((line) => /^(fatal|error): /.test(line)) ?? lines.at(-1) ?? 'git says nothing';
  return reason.replace(/^(fatal|error): /, '').slice(0, 300);
}
