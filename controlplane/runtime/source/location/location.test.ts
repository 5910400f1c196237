import { isDeepStrictEqual } from 'node:util';
import { array, assert, constantFrom, oneof, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ControlPlaneError } from '../../../errors.ts';
import { formatLocation, type Location, sameSource } from './location.ts';
import { parseLocation } from './parse.ts';

const git = (url: string, folder = '', ref?: string): Location => ({ type: 'git', url, folder, ref });
const services = (folder: string, ref?: string): Location => ({ type: 'services', folder, ref });

test.each<[string, Location]>([
  ['/src/my greeter', { type: 'folder', path: '/src/my greeter' }],
  ['helloworld/web', services('helloworld/web')],
  ['helloworld@v1.2', services('helloworld', 'v1.2')],
  ['github.com/micro/services', git('https://github.com/micro/services')],
  ['GitHub.com/micro/services/', git('https://github.com/micro/services')],
  ['github.com/micro/services/helloworld/web@main', git('https://github.com/micro/services', 'helloworld/web', 'main')],
  ['git.acme.com:8443/team/app', git('https://git.acme.com:8443/team/app')],
  ['gitlab.com/group/sub/project//folder', git('https://gitlab.com/group/sub/project', 'folder')],
  ['https://github.com/acme/app.git@feature/x', git('https://github.com/acme/app.git', '', 'feature/x')],
  ['https://github.com/acme/app.git//web', git('https://github.com/acme/app.git', 'web')],
  ['http://127.0.0.1:3000/app', git('http://127.0.0.1:3000/app')],
  ['ssh://git@host:2222/acme/app@0123abc', git('ssh://git@host:2222/acme/app', '', '0123abc')],
  ['git@github.com:acme/app.git@v1', git('git@github.com:acme/app.git', '', 'v1')],
  ['git@host:/srv/app//web', git('git@host:/srv/app', 'web')],
  ['file:///srv/app.git', git('file:///srv/app.git')],
  ['github.com/a/b/packages/@acme/c@@acme/c@1.0.0', git('https://github.com/a/b', 'packages/@acme/c', '@acme/c@1.0.0')],
])('%s is read', (text, location) => {
  expect(parseLocation(text)).toEqual(location);
  expect(parseLocation(formatLocation(location))).toEqual(location);
});

describe('what is refused', () => {
  test.each([
    ['', 'is empty'],
    ['-x', 'begins with "-"'],
    ['--upload-pack=touch /tmp/x', 'holds a space'],
    ['--upload-pack=evil', 'begins with "-"'],
    ['ext::sh', 'transport helper'],
    ['a\nb', 'control character'],
    ['/a\0b', 'control character'],
    ['a\\b', 'backslash'],
    ['../other', 'the path part ".."'],
    ['helloworld/../../etc', 'the path part ".."'],
    ['github.com/a/b/../c', 'the path part ".."'],
    ['github.com/a/b/.git/hooks', 'leads into .git'],
    ['https://host/a/b//.GIT', 'leads into .git'],
    ['github.com/owner', 'write github.com/owner/repository'],
    ['git://host/a', 'is no https, http, ssh, file URL'],
    ['https://user:secret@host/a', 'holds credentials'],
    ['https://token@host/a', 'holds credentials'],
    ['ssh://git:secret@host/a', 'holds credentials'],
    ['ssh://-oProxyCommand=evil/a', 'names no host'],
    ['ssh://-evil/a', 'begins with "-"'],
    ['ssh://git@-evil/a', 'begins with "-"'],
    ['git@-evil:a', 'names no user and host'],
    ['git@host:-a', 'begins with "-"'],
    ['file://host/a', 'three slashes'],
    ['https://host', 'names no repository'],
    ['https://host/a?b', 'holds "?"'],
    ['a@', 'no branch, tag or commit'],
    ['a@--upload-pack=evil', 'no branch, tag or commit'],
    ['a@v1..v2', 'no branch, tag or commit'],
    ['a@HEAD~1', 'no branch, tag or commit'],
    ['a/b@x:y', 'no branch, tag or commit'],
    ['a@b.lock', 'no branch, tag or commit'],
    ['a@@{-1}', 'no branch, tag or commit'],
    ['x'.repeat(5000), 'longer than'],
  ])('%j', (text, fault) => {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(() => parseLocation(text)).toThrow(fault);
  });

  test('is never shown with its credentials', () => {
    expect(() => parseLocation('https://user:secret@host/a')).toThrow(
      'the source "https://…@host/a" holds credentials',
    );
  });
});

test('the same folder of the same repository is the same source on whatever branch', () => {
  const same = (one: string, other: string): boolean => sameSource(parseLocation(one), parseLocation(other));
  expect(same('github.com/a/b/c@v1', 'https://github.com/a/b//c@v2')).toBe(true);
  expect(same('github.com/a/b/c', 'github.com/a/b/d')).toBe(false);
  expect(same('/a', '/b')).toBe(false);
});

/** The location that a text names; `undefined` when it is refused as it should be. */
function parsed(text: string): Location | undefined {
  try {
    return parseLocation(text);
  } catch (error) {
    if (error instanceof ControlPlaneError && error.code === 'invalid') return undefined;
    throw error;
  }
}

/** Whether git can be given what was read, and nothing of it leads out of a repository. */
function isSafe(location: Location): boolean {
  if (location.type === 'folder') return location.path.startsWith('/');
  const { folder, ref = '' } = location;
  const url = location.type === 'git' ? location.url : 'https://services';
  return (
    /^(https?|ssh|file):\/\/[^-]|^[\w.][\w.-]*@[\w.][\w.-]*:[^-]/.test(url) &&
    !folder.startsWith('/') &&
    !folder.split('/').includes('..') &&
    !ref.startsWith('-') &&
    !/[\p{Cc}\p{Z}\\]/u.test(`${url}${folder}${ref}`)
  );
}

test('whatever is read is safe, and reads back from its text as the same', () => {
  const words = ['a', 'B', '-', '--x', '.', '..', '/', '//', '@', ':', '::', '~', ' ', '\n', '\\', '.git', 'host.com'];
  const beginnings = ['https://', 'ssh://', 'file://', 'file:///', 'ext::', 'host.com/a/b', 'git@host:', '/', ''];
  const word = oneof(constantFrom(...words), string({ maxLength: 4 }));
  const texts = tuple(constantFrom(...beginnings), array(word, { maxLength: 10 })).map(
    ([beginning, rest]) => beginning + rest.join(''),
  );
  assert(
    property(texts, (text) => {
      const location = parsed(text);
      return (
        location === undefined ||
        (isSafe(location) && isDeepStrictEqual(parseLocation(formatLocation(location)), location))
      );
    }),
    { seed: 1, numRuns: 5000 },
  );
});
