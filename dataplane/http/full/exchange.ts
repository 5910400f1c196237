import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Call } from '../../calls.ts';
import type { Fields } from '../../headers/fields.ts';
import type { Origin } from '../../headers/origin.ts';
import { chunkedBody, type Framing, hasBody, noBody } from '../framing.ts';

export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** One request on the `http` entrypoint, from its head to the end of its answer. */
export class Exchange<Request extends AnyRequest = AnyRequest, Response extends AnyResponse = AnyResponse> {
  readonly request: Request;
  readonly response: Response;
  /** Of the request, as they came. */
  readonly fields: Fields;
  /** Of the request. */
  readonly framing: Framing;
  readonly origin: Origin;
  readonly call: Call;
  /** Resolves when the answer went out whole, or broke off, or the client left. */
  readonly over: Promise<void>;
  /** Interim answers so far. */
  interims = 0;
  #isOver = false;

  constructor(request: Request, response: Response, fields: Fields, origin: Origin, call: Call) {
    this.request = request;
    this.response = response;
    this.fields = fields;
    this.framing = framingOf(request);
    this.origin = origin;
    this.call = call;
    this.over = new Promise((resolve) => {
      response.once('close', () => {
        this.#isOver = true;
        resolve();
      });
    });
  }

  /** Whether a body follows the head. */
  get hasBody(): boolean {
    return hasBody(this.framing);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends the answer so that the client can tell that it is not whole. */
  breakOff(): void {
    const { response } = this;
    if (response instanceof Http2ServerResponse) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else response.destroy();
  }
}

function framingOf(request: AnyRequest): Framing {
  const { 'transfer-encoding': transferEncoding, 'content-length': length } = request.headers;
  if (transferEncoding !== undefined) return chunkedBody;
  if (request instanceof Http2ServerRequest && request.stream.endAfterHeaders) return noBody;
  if (length !== undefined) return { kind: 'length', length: Number(length) };
  return request instanceof Http2ServerRequest ? chunkedBody : noBody;
}
