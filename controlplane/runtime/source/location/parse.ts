import { ControlPlaneError } from '../../../errors.ts';
import type { GitLocation, InRepository, Location } from './location.ts';

const longest = 4096;
const schemes = ['https', 'http', 'ssh', 'file'];

/**
 * Reads what a user calls a source, once it is known not to be a path of the user's own machine:
 *
 * - a URL: `https://`, `http://`, `ssh://` or `file://`, or `user@host:path`, as git has it (git-clone(1), GIT URLS)
 * - `host.with.dot/owner/repository[/folder]`, over https
 * - else the path of a folder in the services repository
 *
 * A folder in the repository of a URL follows `//`, and the branch, tag or commit an `@`, which is one that stands at the
 * beginning of no part of the path: npm's scopes do. An absolute path is read too, as older deployments were written.
 *
 * @throws ControlPlaneError `invalid` that says what may not stand in it
 */
export function parseLocation(text: string): Location {
  const refuse = (fault: string): never => {
    // What stands before the "@" of a URL may be a password.
    const shown = text.replace(/:\/\/[^/]*@/, '://…@').slice(0, 200);
    throw new ControlPlaneError('invalid', `the source ${JSON.stringify(shown)} ${fault}`);
  };
  if (text === '') refuse('is empty: name a folder, a git URL, or a path in the services repository');
  if (text.length > longest) refuse(`is longer than ${longest} characters`);
  if (/\p{Cc}/u.test(text)) refuse('holds a control character');
  if (text.startsWith('/')) return { type: 'folder', path: text };
  // Space too: git would take it, but no URL or branch has one.
  if (/[\p{Z}\\]/u.test(text)) refuse('holds a space or a backslash');
  if (text.startsWith('-')) refuse('begins with "-", as an option does');
  if (text.includes('::')) refuse('names a transport helper of git ("::"), which would run a program');

  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) return urlLocation(scheme.toLowerCase(), text, refuse);
  const scp = /^((?:[^@:/]+@)[^@:/]+):(.*)$/.exec(text);
  if (scp !== null) return scpLocation(scp[1] ?? '', scp[2] ?? '', refuse);

  const { path, ref } = splitRef(text, refuse);
  const [host = ''] = path.split('/');
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?$/i.test(host)) {
    const folder = checkFolder(path, refuse);
    if (folder === '') refuse('names no folder of the services repository');
    return { type: 'services', folder, ref };
  }
  return hostLocation(host.toLowerCase(), path.slice(host.length + 1), ref, refuse);
}

type Refuse = (fault: string) => never;

function urlLocation(scheme: string, text: string, refuse: Refuse): GitLocation {
  if (!schemes.includes(scheme)) refuse(`is no ${schemes.join(', ')} URL`);
  const [, authority = '', rest = ''] = /^[^:]+:\/\/([^/]*)(.*)$/s.exec(text) ?? [];
  const user = authority.includes('@') ? authority.slice(0, authority.lastIndexOf('@')) : undefined;
  if (user?.includes(':') || (user !== undefined && scheme !== 'ssh')) {
    refuse("holds credentials, which would be stored and shown: leave them to git's credential helper on the server");
  }
  if (scheme === 'file' ? authority !== '' : !/^([\w.-]+@)?([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(authority)) {
    refuse(scheme === 'file' ? 'names a host: a file:// URL has three slashes' : 'names no host');
  }
  if (/(^|@)-/.test(authority)) refuse('names a host that begins with "-"');
  const { path, ref } = splitRef(rest, refuse);
  const { repository, folder } = splitFolder(path, refuse);
  const host = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase();
  return { type: 'git', url: `${scheme}://${user === undefined ? '' : `${user}@`}${host}/${repository}`, folder, ref };
}

function scpLocation(host: string, rest: string, refuse: Refuse): GitLocation {
  if (!/^[\w.][\w.-]*@[\w.][\w.-]*$/.test(host)) refuse('names no user and host before the ":"');
  const { path, ref } = splitRef(rest, refuse);
  // "git@host:/path" is a path from the root of the host, "git@host:path" one from the home of the user.
  const root = path.startsWith('/') ? '/' : '';
  const { repository, folder } = splitFolder(path, refuse);
  if (repository.startsWith('-')) refuse('names a repository that begins with "-"');
  return { type: 'git', url: `${host}:${root}${repository}`, folder, ref };
}

/** Two parts after the host are the repository and the rest is the folder, unless `//` says where it ends. */
function hostLocation(host: string, path: string, ref: string | undefined, refuse: Refuse): GitLocation {
  const parts = path.split('/');
  const marked = path.includes('//') ? path : [parts.slice(0, 2).join('/'), parts.slice(2).join('/')].join('//');
  const { repository, folder } = splitFolder(marked, refuse);
  if (!repository.includes('/')) refuse(`names no repository: write ${host}/owner/repository`);
  return { type: 'git', url: `https://${host}/${repository}`, folder, ref };
}

function splitRef(text: string, refuse: Refuse): { path: string; ref: string | undefined } {
  const at = /[^/]@/.exec(text);
  if (at === null) return { path: text, ref: undefined };
  return { path: text.slice(0, at.index + 1), ref: checkRef(text.slice(at.index + 2), refuse) };
}

function splitFolder(path: string, refuse: Refuse): { repository: string } & Pick<InRepository, 'folder'> {
  const [, repository = '', folder = ''] = /^\/?(.*?)(?:\/\/(.*))?$/s.exec(path) ?? [];
  const checked = checkFolder(repository, refuse);
  if (checked === '') refuse('names no repository');
  if (/[?#]/.test(checked)) refuse('holds "?" or "#", which no repository has in its path');
  return { repository: checked, folder: checkFolder(folder, refuse) };
}

/** @returns the path without slashes at its ends */
function checkFolder(path: string, refuse: Refuse): string {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  for (const part of trimmed === '' ? [] : trimmed.split('/')) {
    if (part === '' || part === '.' || part === '..') refuse(`holds the path part ${JSON.stringify(part)}`);
    if (part.toLowerCase() === '.git') refuse('leads into .git');
  }
  return trimmed;
}

/** git-check-ref-format(1), and nothing that git would take for an option, a range or an expression. */
function checkRef(ref: string, refuse: Refuse): string {
  const fault =
    ref === '' || /^-|^\/|\/$|\.$|\.lock(\/|$)|\/\/|\.\.|(^|\/)\.|[~^:?*[]|@\{|^@$/.test(ref) || ref.length > 255;
  if (fault) refuse(`names ${JSON.stringify(ref)}, which is no branch, tag or commit`);
  return ref;
}
