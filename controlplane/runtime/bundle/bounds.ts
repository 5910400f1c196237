import { ControlPlaneError } from '../../errors.ts';
import type { RuntimeLimits } from '../limits.ts';
import { describeSize } from '../size.ts';
import type { BundlePart } from './part.ts';

export type BundleLimits = Pick<RuntimeLimits, 'bundleBytes' | 'bundleEntries'>;

/**
 * Passes parts on, as long as a bundle may hold them.
 *
 * @param source what the error calls them
 * @throws ControlPlaneError `invalid` when they are too many, or too large together
 */
export async function* bounded(
  parts: AsyncIterable<BundlePart>,
  source: string,
  limits: BundleLimits,
): AsyncGenerator<BundlePart> {
  let bytes = 0;
  let entries = 0;
  for await (const part of parts) {
    if (part.type === 'content') bytes += part.bytes.length;
    else entries += 1;
    if (entries > limits.bundleEntries) throw tooMuch(source, `${limits.bundleEntries} files and folders`);
    if (bytes > limits.bundleBytes) throw tooMuch(source, describeSize(limits.bundleBytes));
    yield part;
  }
}

export function tooMuch(source: string, limit: string): ControlPlaneError {
  return new ControlPlaneError(
    'invalid',
    `${source} holds more than ${limit}; leave out what the service does not need in a .microignore`,
  );
}
