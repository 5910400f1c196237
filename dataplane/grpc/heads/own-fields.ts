import { randomDigits } from '../../headers/random-digits.ts';
import { newTraceparent } from '../../headers/trace.ts';
import { encodeFields } from '../hpack/encoder.ts';
import type { RequestHead } from './request-heads.ts';

/** Room for the longest request id and the longest trace that are believed. */
const scratch = Buffer.alloc(16 * 1024);

/** The fields that each call has for itself. They come last. */
export class OwnFields {
  readonly requestId: string;
  readonly #traceparent: string;

  constructor({ requestId, traceparent }: RequestHead) {
    this.requestId = requestId ?? randomDigits(32);
    this.#traceparent = traceparent ?? newTraceparent();
  }

  /** As the end of a header block; the bytes are good until the next one is asked for. */
  block(): { readonly bytes: Buffer; readonly length: number } {
    const length = encodeFields(
      [
        ['x-request-id', this.requestId],
        ['traceparent', this.#traceparent],
      ],
      scratch,
      0,
    );
    return { bytes: scratch, length };
  }
}
