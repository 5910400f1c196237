import { type Origin, originOf } from '../../headers/origin.ts';
import type { Peer } from '../../headers/peer.ts';
import { recurringFields, traceparentIn } from '../../headers/request-fields.ts';
import type { TrustedProxies } from '../../headers/trusted-proxies.ts';
import { onlyValueOf } from '../../headers/fields.ts';
import { BlockMemo } from '../connection/block-memo.ts';
import type { HpackDecoder } from '../hpack/decoder.ts';
import type { Field as HpackField } from '../hpack/field.types.ts';
import { requestProblem } from '../hpack/fields.ts';
import { timeoutMsOf } from '../timeout.ts';
import { blockOf, contentLengthIn, fieldsOf, hpackFieldsOf, secretNames, valueIn } from './fields.ts';

/** What the head of a call says, and what of it goes on to an instance. */
export interface RequestHead {
  readonly kind: 'head';
  readonly isGrpc: boolean;
  readonly path: string;
  readonly microService: string | undefined;
  readonly timeoutMs: number | undefined;
  /** What the DATA has to come to, where the client says so, in bytes. */
  readonly contentLength: number | undefined;
  readonly origin: Omit<Origin, 'requestId'>;
  /** The client's own, where it is a plain one. */
  readonly requestId: string | undefined;
  readonly traceparent: string | undefined;
  /** The header block for the instance, but for the fields that each call has for itself. */
  readonly block: Buffer;
}

export type RequestHeadReading =
  | RequestHead
  /** A stream error. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'too-large' };

const malformed = { kind: 'malformed' } as const;
const tooLarge = { kind: 'too-large' } as const;

/**
 * Reads the heads of the calls of one client. A client sends most of them again and again, but for what is new with each
 * call: what was made of such a block is used again.
 */
export class RequestHeads {
  readonly #decoder: HpackDecoder;
  readonly #peer: Peer;
  readonly #trustedProxies: TrustedProxies;
  readonly #memo = new BlockMemo<RequestHead>();

  constructor(decoder: HpackDecoder, peer: Peer, trustedProxies: TrustedProxies) {
    this.#decoder = decoder;
    this.#peer = peer;
    this.#trustedProxies = trustedProxies;
  }

  /** @throws HpackError */
  read(bytes: Buffer, start: number, end: number): RequestHeadReading {
    const key = this.#memo.keyOf(bytes, start, end);
    const known = key === undefined ? undefined : this.#memo.get(key);
    if (known !== undefined) return known;
    const list = this.#decoder.decode(bytes, start, end);
    if (list === 'too-large') return tooLarge;
    if (requestProblem(list) !== undefined) return malformed;
    const head = this.#headOf(list);
    // RFC 9110 section 8.6: digits, once.
    if (Number.isNaN(head.contentLength)) return malformed;
    if (key !== undefined && this.#decoder.lastStoodAlone && mayComeAgain(head)) this.#memo.set(key, head);
    return head;
  }

  #headOf(list: readonly HpackField[]): RequestHead {
    const fields = fieldsOf(list);
    const path = valueIn(list, ':path') ?? '';
    const { requestId, ...origin } = originOf(this.#peer, fields, this.#trustedProxies, valueIn(list, ':authority'));
    const outgoing = recurringFields(fields, { ...origin }).filter(({ key }) => key !== 'host');
    const block = blockOf([
      [':method', 'POST'],
      [':scheme', 'http'],
      ...(origin.host === undefined ? [] : [[':authority', origin.host] as const]),
      [':path', path],
      ...hpackFieldsOf(outgoing, secretNames(list)),
      // Asked for by gRPC, and the one use of this header that HTTP/2 allows.
      ['te', 'trailers'],
    ]);
    return {
      kind: 'head',
      isGrpc:
        valueIn(list, ':method') === 'POST' && (valueIn(list, 'content-type') ?? '').startsWith('application/grpc'),
      path,
      microService: onlyValueOf(fields, 'micro-service'),
      timeoutMs: timeoutMsOf(valueIn(list, 'grpc-timeout')),
      contentLength: contentLengthIn(list),
      origin,
      requestId: onlyValueOf(fields, 'x-request-id') === requestId ? requestId : undefined,
      traceparent: traceparentIn(fields),
      block,
    };
  }
}

/** What names one request or one trace is of one call: to remember it would cost memory for each connection, and help none. */
function mayComeAgain({ requestId, traceparent }: RequestHead): boolean {
  return requestId === undefined && traceparent === undefined;
}
