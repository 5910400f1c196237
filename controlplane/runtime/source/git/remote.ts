import { ControlPlaneError } from '../../../errors.ts';
import type { Git } from './git.ts';

/** What a repository elsewhere has, as far as it concerns one ref. */
export interface Remote {
  /** What to ask it for: a full ref or a commit; `undefined` for the commit of which only the beginning is known. */
  readonly wanted: string | undefined;
  /** The tag that was asked for. */
  readonly tag: string | undefined;
  /** The names of tags by the commits that they stand on. */
  readonly tags: ReadonlyMap<string, readonly string[]>;
}

/**
 * Asks a repository for its tags, and for a branch, a tag or its default branch. What is neither may be a commit.
 *
 * @throws ControlPlaneError `not-found` when it has no such ref
 */
export async function askRemote(git: Git, source: string, url: string, ref: string | undefined): Promise<Remote> {
  const patterns = ref === undefined ? ['HEAD'] : [`refs/heads/${ref}`];
  const listed = parseRefs(await git('ls-remote', '--', url, ...patterns, 'refs/tags/*'));
  const tags = tagsByCommit(listed);
  if (ref === undefined) {
    if (listed.has('HEAD')) return { wanted: 'HEAD', tag: undefined, tags };
    throw new ControlPlaneError(
      'not-found',
      `${source} has no commit on its default branch; name a branch with @branch`,
    );
  }
  // As git resolves a bare name: a tag goes before a branch of the same name (gitrevisions(7)).
  if (listed.has(`refs/tags/${ref}`)) return { wanted: `refs/tags/${ref}`, tag: ref, tags };
  if (listed.has(`refs/heads/${ref}`)) return { wanted: `refs/heads/${ref}`, tag: undefined, tags };
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) return { wanted: ref, tag: undefined, tags };
  if (/^[0-9a-f]{7,63}$/.test(ref)) return { wanted: undefined, tag: undefined, tags };
  throw noSuchRef(source, ref);
}

export function noSuchRef(source: string, ref: string, cause?: unknown): ControlPlaneError {
  return new ControlPlaneError(
    'not-found',
    `${source} has no branch, tag or commit ${ref}; check it with git ls-remote`,
    {
      cause,
    },
  );
}

/** Lines of "<object>\t<ref>". */
function parseRefs(text: string): ReadonlyMap<string, string> {
  const refs = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [object, name] = line.split('\t');
    if (object !== undefined && name !== undefined) refs.set(name, object);
  }
  return refs;
}

/** An annotated tag is an object of its own; its commit is listed as "<ref>^{}". */
function tagsByCommit(refs: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const tags = new Map<string, string[]>();
  for (const [name, object] of refs) {
    const tag = /^refs\/tags\/(.*?)(\^\{\})?$/.exec(name)?.[1];
    if (tag === undefined || refs.has(`${name}^{}`)) continue;
    const commit = tags.get(object);
    if (commit === undefined) tags.set(object, [tag]);
    else commit.push(tag);
  }
  return tags;
}
