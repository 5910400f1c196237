import { join } from 'node:path';
import { ControlPlaneError } from '../../errors.ts';
import { describeDiskError, openContentFolders } from '../content-folders.ts';
import { bounded, type BundleLimits } from './bounds.ts';
import { packFolder } from './pack.ts';
import type { BundlePart } from './part.ts';
import { unpack } from './unpack.ts';

/** The bundles of this node, each whole, read-only and never changed. */
export interface Bundles {
  /**
   * Makes a bundle of what a commit has in a folder; one with the same content is used again.
   *
   * @returns its digest: "sha256:…"
   * @throws ControlPlaneError `invalid` when the folder holds what no bundle can, `failed` when something cannot be read
   *   or written
   */
  create(folder: string, signal: AbortSignal): Promise<string>;
  /**
   * Makes a bundle of what somebody sends.
   *
   * @param digest what they say it is
   * @throws ControlPlaneError `invalid` when it is something else, or holds what no bundle can; nothing is kept of it then
   */
  receive(digest: string, parts: AsyncIterable<BundlePart>, signal: AbortSignal): Promise<void>;
  /** The folder of a bundle; `undefined` when this node does not have it. */
  find(digest: string): string | undefined;
  /** Removes those of which nobody needs the digest. */
  keepOnly(isNeeded: (digest: string) => boolean): Promise<void>;
}

/**
 * Opens the bundles that are kept in a data folder.
 *
 * @param onMade told of the digest of each that is made or received, just before it can be found
 */
export async function openBundles(
  dataFolder: string,
  limits: BundleLimits,
  onMade: (digest: string) => void = () => undefined,
): Promise<Bundles> {
  const folders = await openContentFolders(join(dataFolder, 'bundles'));
  const write = async (source: string, parts: AsyncIterable<BundlePart>, to: string, signal: AbortSignal) => {
    const digest = await unpack(bounded(parts, source, limits), to, signal).catch((error: unknown) => {
      throw describeDiskError(`${source} cannot be copied`, error);
    });
    onMade(digest);
    return digest;
  };
  return {
    find: (digest) => folders.find(digest),
    keepOnly: (isNeeded) => folders.keepOnly(isNeeded),
    async create(folder, signal) {
      const parts = packFolder(folder, { limit: limits.bundleEntries, ignoreFiles: 'micro' });
      const { digest } = await folders.add((to) => write(folder, parts, to, signal));
      return digest;
    },
    async receive(digest, parts, signal) {
      await folders.add(async (to) => {
        const written = await write('the bundle', parts, to, signal);
        if (written === digest) return digest;
        throw new ControlPlaneError(
          'invalid',
          'the bundle that came is not the one that was announced: it changed on the way, or its source did while it ' +
            'was sent; run it again when it is at rest',
        );
      });
    },
  };
}
