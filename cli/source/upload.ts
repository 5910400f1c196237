import { once } from 'node:events';
import { bounded } from '../../controlplane/runtime/bundle/bounds.ts';
import { digestOf } from '../../controlplane/runtime/bundle/digest.ts';
import { packFolder } from '../../controlplane/runtime/bundle/pack.ts';
import type { BundlePart } from '../../controlplane/runtime/bundle/part.ts';
import { defaultLimits } from '../../controlplane/runtime/limits.ts';
import { unary } from '../../proto/channel/client.ts';
import {
  BundleEntryType,
  type FindBundleResponse,
  type RuntimeClient,
  type UploadBundleRequest,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Steps } from '../output/steps.ts';

/**
 * Brings a folder to the server as a bundle. It is read twice: once for its digest, and again only when the server does not
 * have it yet.
 *
 * @returns the digest
 * @throws ControlPlaneError when the folder holds what no bundle can; ServiceError when the server does not take it
 */
export async function upload(folder: string, client: RuntimeClient, steps: Steps): Promise<string> {
  const parts = (): AsyncIterable<BundlePart> =>
    bounded(packFolder(folder, { limit: defaultLimits.bundleEntries }), folder, defaultLimits);
  steps.begin('pack', folder);
  let total = 0;
  const digest = await digestOf(counted(parts(), (bytes) => (total += bytes)));
  const { found } = await unary<FindBundleResponse>((done) => client.findBundle({ digest }, done));
  if (found) return digest;

  steps.begin('upload', size(total));
  let sent = 0;
  const rest = counted(parts(), (bytes) => {
    sent += bytes;
    steps.update(`${size(sent)} of ${size(total)}`);
  });
  await send(client, digest, rest);
  return digest;
}

async function* counted(
  parts: AsyncIterable<BundlePart>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<BundlePart> {
  for await (const part of parts) {
    if (part.type === 'content') onBytes(part.bytes.length);
    yield part;
  }
}

function send(client: RuntimeClient, digest: string, parts: AsyncIterable<BundlePart>): Promise<void> {
  return new Promise((resolve, reject) => {
    const answered = new AbortController();
    const stream = client.uploadBundle((error) => {
      answered.abort();
      if (error) reject(error);
      else resolve();
    });
    const write = async (): Promise<void> => {
      stream.write({ part: { $case: 'digest', value: digest } });
      for await (const part of parts) {
        // The server need not hear it out to refuse it.
        if (answered.signal.aborted) return;
        if (!stream.write({ part: partMessage(part) })) await once(stream, 'drain', { signal: answered.signal });
      }
      stream.end();
    };
    write().catch((error: unknown) => {
      reject(error);
      stream.cancel();
    });
  });
}

function partMessage(part: BundlePart): UploadBundleRequest['part'] {
  if (part.type === 'content') return { $case: 'content', value: part.bytes };
  return {
    $case: 'entry',
    value: { path: part.path, type: typeOf(part), target: part.type === 'link' ? part.target : '' },
  };
}

function typeOf(part: Exclude<BundlePart, { type: 'content' }>): BundleEntryType {
  if (part.type === 'folder') return BundleEntryType.BUNDLE_ENTRY_TYPE_FOLDER;
  if (part.type === 'link') return BundleEntryType.BUNDLE_ENTRY_TYPE_LINK;
  return part.executable ? BundleEntryType.BUNDLE_ENTRY_TYPE_EXECUTABLE : BundleEntryType.BUNDLE_ENTRY_TYPE_FILE;
}

/** "3.4 MiB". */
function size(bytes: number): string {
  return bytes < 2 ** 20 ? `${Math.ceil(bytes / 2 ** 10)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
