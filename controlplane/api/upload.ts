import type { handleClientStreamingCall } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import {
  BundleEntryType,
  type UploadBundleRequest,
  type UploadBundleResponse,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ControlPlaneError } from '../errors.ts';
import type { BundlePart } from '../runtime/bundle/part.ts';
import type { Runtime } from '../runtime/types.ts';
import { toServiceError } from './status.ts';

/** How long a caller may send nothing in the middle of a bundle. */
const silenceMs = 30_000;

/** Takes a bundle that a caller sends: its digest, then its parts. */
export function uploadHandler(
  runtime: Pick<Runtime, 'hasBundle' | 'receiveBundle'>,
  log: Logger,
): handleClientStreamingCall<UploadBundleRequest, UploadBundleResponse> {
  return (call, done) => {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort(new ControlPlaneError('unavailable', 'the caller went away')));
    const receive = async (): Promise<void> => {
      const messages = unlessSilent(call as AsyncIterable<UploadBundleRequest>, gone);
      const first = await messages.next();
      const digest = first.done ? undefined : first.value.part;
      if (digest?.$case !== 'digest') throw new ControlPlaneError('invalid', 'the upload does not begin with a digest');
      // Whoever sends it all the same need not be heard out.
      if (!runtime.hasBundle(digest.value)) await runtime.receiveBundle(digest.value, parts(messages), gone.signal);
    };
    receive().then(
      () => done(null, {}),
      (error: unknown) => done(toServiceError(error, log)),
    );
  };
}

/**
 * Messages as they come, until none comes for too long or `gone` is aborted. A call that is cut off may look like one that has
 * ended: the digest tells.
 */
async function* unlessSilent<Message>(
  messages: AsyncIterable<Message>,
  gone: AbortController,
): AsyncGenerator<Message, undefined> {
  const iterator = messages[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_, reject) => {
    gone.signal.addEventListener('abort', () => reject(gone.signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  for (;;) {
    const silence = setTimeout(() => {
      gone.abort(new ControlPlaneError('failed', `nothing came of the bundle for ${silenceMs / 1000} s; run it again`));
    }, silenceMs);
    try {
      const { done, value } = await Promise.race([iterator.next(), aborted]);
      if (done) return undefined;
      yield value;
    } finally {
      clearTimeout(silence);
    }
  }
}

async function* parts(messages: AsyncIterable<UploadBundleRequest>): AsyncGenerator<BundlePart> {
  for await (const { part } of messages) {
    if (part?.$case === 'content') yield { type: 'content', bytes: part.value };
    else if (part?.$case === 'entry') yield entryPart(part.value);
    else throw new ControlPlaneError('invalid', 'the upload holds a message that is neither an entry nor content');
  }
}

function entryPart({ path, type, target }: { path: string; type: BundleEntryType; target: string }): BundlePart {
  switch (type) {
    case BundleEntryType.BUNDLE_ENTRY_TYPE_FOLDER:
      return { type: 'folder', path };
    case BundleEntryType.BUNDLE_ENTRY_TYPE_FILE:
      return { type: 'file', path, executable: false };
    case BundleEntryType.BUNDLE_ENTRY_TYPE_EXECUTABLE:
      return { type: 'file', path, executable: true };
    case BundleEntryType.BUNDLE_ENTRY_TYPE_LINK:
      return { type: 'link', path, target };
    default:
      throw new ControlPlaneError('invalid', `the upload holds ${JSON.stringify(path)}, which is of no known type`);
  }
}
