import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Call } from '../calls.ts';
import type { Origin } from '../headers/origin.ts';

export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** One request on the `http` entrypoint, from its head to the end of its answer. */
export class Exchange<Request extends AnyRequest = AnyRequest, Response extends AnyResponse = AnyResponse> {
  readonly request: Request;
  readonly response: Response;
  readonly origin: Origin;
  readonly call: Call;
  /** Whether a body follows the head. */
  readonly hasBody: boolean;
  /** Resolves when the answer went out whole, or broke off, or the client left. */
  readonly over: Promise<void>;
  #isOver = false;

  constructor(request: Request, response: Response, origin: Origin, call: Call) {
    this.request = request;
    this.response = response;
    this.origin = origin;
    this.call = call;
    this.hasBody = hasBody(request);
    this.over = new Promise((resolve) => {
      response.once('close', () => {
        this.#isOver = true;
        resolve();
      });
    });
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

function hasBody(request: AnyRequest): boolean {
  if (request instanceof Http2ServerRequest) return !request.stream.endAfterHeaders;
  const { 'transfer-encoding': transferEncoding, 'content-length': contentLength = '0' } = request.headers;
  return transferEncoding !== undefined || Number(contentLength) > 0;
}
