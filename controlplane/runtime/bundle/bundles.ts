import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { describeDiskError, openContentFolders } from '../content-folders.ts';
import type { RuntimeLimits } from '../limits.ts';
import { copyEntries } from './copy.ts';
import { listSource } from './list.ts';

/** The bundles of this node, each whole, read-only and never changed. */
export interface Bundles {
  /**
   * Copies a source into a bundle; one with the same content is used again.
   *
   * @returns its digest: "sha256:…"
   * @throws ControlPlaneError `invalid` when the source holds what no bundle can, `failed` when something cannot be read or
   *   written
   */
  create(source: string, signal: AbortSignal): Promise<string>;
  /** The folder of a bundle; `undefined` when this node does not have it. */
  find(digest: string): string | undefined;
}

/**
 * Opens the bundles that are kept in a data folder. The data folder itself, which holds the control token, is part of none,
 * though a source may have it inside.
 */
export async function openBundles(dataFolder: string, limits: RuntimeLimits): Promise<Bundles> {
  const folders = await openContentFolders(join(dataFolder, 'bundles'));
  const leftOut = await realpath(dataFolder);
  return {
    find: (digest) => folders.find(digest),
    async create(source, signal) {
      try {
        const entries = await listSource(source, { leftOut, limit: limits.bundleEntries });
        const { digest } = await folders.add((to) =>
          copyEntries({ from: source, to, entries, limitBytes: limits.bundleBytes, signal }),
        );
        return digest;
      } catch (error) {
        throw describeDiskError(`the source ${source} cannot be copied`, error);
      }
    },
  };
}
