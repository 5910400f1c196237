/** Where a source is, as a user names it. */
export type Location =
  /** A folder, by its absolute path. */
  | { readonly type: 'folder'; readonly path: string }
  /** A folder of a git repository; the whole of it when `folder` is empty. */
  | ({ readonly type: 'git'; readonly url: string } & InRepository)
  /** A folder of the services repository, which the server knows. */
  | ({ readonly type: 'services' } & InRepository);

export interface InRepository {
  /** Path in the repository, with "/" between its parts and none at the ends. */
  readonly folder: string;
  /** Branch, tag or commit; the default branch when left out. */
  readonly ref: string | undefined;
}

export type GitLocation = Extract<Location, { type: 'git' }>;

/**
 * A location as text that reads back as the same one: "github.com/micro/services/helloworld@v1" where the repository is
 * two parts on an https host, "ssh://git@host/repository//folder@v1" elsewhere.
 */
export function formatLocation(location: Location): string {
  if (location.type === 'folder') return location.path;
  const { folder, ref } = location;
  const at = ref === undefined ? '' : `@${ref}`;
  if (location.type === 'services') return `${folder}${at}`;
  const { url } = location;
  const short = /^https:\/\/((?:[a-z0-9-]+\.)+[a-z0-9-]+(?::\d+)?\/[^/@]+\/[^/@]+)$/.exec(url)?.[1];
  const inside = folder === '' ? '' : `${short === undefined ? '//' : '/'}${folder}`;
  return `${short ?? url}${inside}${at}`;
}

/** Whether two texts name the same source: the same folder of the same repository, on whatever branch. */
export function sameSource(one: Location, other: Location): boolean {
  const anyRef = (location: Location): string =>
    formatLocation(location.type === 'folder' ? location : { ...location, ref: undefined });
  return anyRef(one) === anyRef(other);
}
