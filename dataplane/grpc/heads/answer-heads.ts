import { endToEnd } from '../../headers/hop-by-hop.ts';
import { BlockMemo } from '../connection/block-memo.ts';
import type { HpackDecoder } from '../hpack/decoder.ts';
import type { Field as HpackField } from '../hpack/field.types.ts';
import { answerProblem, trailersProblem } from '../hpack/fields.ts';
import { blockOf, contentLengthIn, fieldsOf, hpackFieldsOf, secretNames, valueIn } from './fields.ts';

/** What the head of an answer, or its trailers, say, and what of it goes on to the client. */
export interface AnswerHead {
  /** Of HTTP; 0 in trailers. */
  readonly status: number;
  /** As it was sent; undefined where it was not. */
  readonly grpcStatus: string | undefined;
  /** What the DATA behind it has to come to, in bytes; undefined where nothing says so. */
  readonly contentLength: number | undefined;
  readonly block: Buffer;
}

/** Undefined for what is malformed, or too large. */
export type AnswerHeadReading = AnswerHead | undefined;

/** Reads the heads and trailers of the answers of one instance; the same ones are read once. */
export class AnswerHeads {
  readonly #decoder: HpackDecoder;
  readonly #heads = new BlockMemo<AnswerHead>();
  readonly #trailers = new BlockMemo<AnswerHead>();

  constructor(decoder: HpackDecoder) {
    this.#decoder = decoder;
  }

  /** @throws HpackError */
  read(areTrailers: boolean, bytes: Buffer, start: number, end: number): AnswerHeadReading {
    const memo = areTrailers ? this.#trailers : this.#heads;
    const key = memo.keyOf(bytes, start, end);
    const known = key === undefined ? undefined : memo.get(key);
    if (known !== undefined) return known;
    const list = this.#decoder.decode(bytes, start, end);
    if (list === 'too-large' || (areTrailers ? trailersProblem(list) : answerProblem(list)) !== undefined)
      return undefined;
    const status = valueIn(list, ':status');
    const contentLength = areTrailers ? undefined : answerLengthIn(list, status);
    if (Number.isNaN(contentLength)) return undefined;
    const fields = fieldsOf(list);
    const passedOn = endToEnd(fields);
    const isAsItCame = this.#decoder.lastStoodAlone && passedOn.length === fields.length;
    const head: AnswerHead = {
      status: Number(status ?? 0),
      grpcStatus: valueIn(list, 'grpc-status'),
      contentLength,
      block: isAsItCame
        ? Buffer.from(bytes.subarray(start, end))
        : blockOf([
            ...(status === undefined ? [] : [[':status', status] as const]),
            ...hpackFieldsOf(passedOn, secretNames(list)),
          ]),
    };
    if (key !== undefined && this.#decoder.lastStoodAlone) memo.set(key, head);
    return head;
  }
}

/**
 * What the DATA of an answer has to come to: 0 for a status that has no body (RFC 9110 sections 15.3.5 and 15.4.5). NaN for what
 * is none, and for a body that is said to come with 204 all the same (section 8.6).
 */
function answerLengthIn(list: readonly HpackField[], status: string | undefined): number | undefined {
  const length = contentLengthIn(list);
  if (status === '204') return length === undefined || length === 0 ? 0 : Number.NaN;
  return status === '304' && !Number.isNaN(length) ? 0 : length;
}
