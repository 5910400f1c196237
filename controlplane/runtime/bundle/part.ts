/**
 * What a bundle is made of, in the order in which it travels: each folder before what it holds, each file before its
 * content. Paths lead from the root of the bundle, with "/" between their parts.
 */
export type BundlePart =
  | { readonly type: 'folder'; readonly path: string }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | { readonly type: 'file'; readonly path: string; readonly executable: boolean }
  /** The next bytes of the last file. */
  | { readonly type: 'content'; readonly bytes: Buffer };
