import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { Call } from '../calls.ts';
import { leaveRest } from '../downstream/leave-rest.ts';
import { fieldsOfRecord, http2RecordOf } from '../headers/fields.ts';
import { endToEnd } from '../headers/hop-by-hop.ts';

/** The answer to one gRPC call: an instance's, passed on as it comes, or a status of the data plane's own. */
export class Reply {
  readonly #stream: ServerHttp2Stream;
  readonly #call: Call;
  #source: ClientHttp2Stream | undefined;
  #trailers: OutgoingHttpHeaders = {};

  constructor(stream: ServerHttp2Stream, call: Call) {
    this.#stream = stream;
    this.#call = call;
    stream.once('wantTrailers', () => {
      stream.sendTrailers(this.#trailers);
      this.#closeSoon();
    });
  }

  /** Whether the answer has ended, or the client left. */
  get isOver(): boolean {
    return this.#stream.closed || this.#stream.destroyed || this.#stream.writableEnded;
  }

  get hasBegun(): boolean {
    return this.#stream.headersSent;
  }

  /** Passes on what an instance answers, from its head on. */
  relay(
    source: ClientHttp2Stream,
    headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
    isTrailersOnly: boolean,
  ): void {
    // An answer may cross with a deadline.
    if (this.isOver) return;
    const head = { ':status': headers[':status'], ...passedOn(headers) };
    if (isTrailersOnly) {
      this.#call.code = statusName(headers['grpc-status']);
      this.#respondAndEnd(head);
      return;
    }
    this.#stream.respond(head, { waitForTrailers: true });
    this.#source = source;
    source.on('data', (chunk: Buffer) => {
      this.#call.bytes += chunk.length;
    });
    source.once('trailers', (trailers: IncomingHttpHeaders) => {
      this.#trailers = passedOn(trailers);
    });
    source.once('end', () => {
      // A stream that is reset ends as well.
      if (source.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      this.#call.code = statusName(this.#trailers['grpc-status']);
      this.#stream.end();
    });
    source.pipe(this.#stream, { end: false });
  }

  /** Ends the call with a status of the data plane's own. */
  fail(code: status, message: string): void {
    if (this.isOver) return;
    this.#call.code = statusName(code);
    // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
    const trailers = { 'grpc-status': String(code), 'grpc-message': percentEncoded(message) };
    if (this.hasBegun) {
      this.#source?.unpipe(this.#stream).close(constants.NGHTTP2_CANCEL);
      this.#trailers = trailers;
      this.#stream.end();
    } else {
      this.#respondAndEnd({ ':status': 200, 'content-type': 'application/grpc', ...trailers });
    }
  }

  /** Passes on that the instance reset the stream. */
  reset(errorCode: number): void {
    this.#stream.close(errorCode);
  }

  #respondAndEnd(head: OutgoingHttpHeaders): void {
    this.#stream.respond(head, { endStream: true });
    this.#closeSoon();
  }

  #closeSoon(): void {
    setImmediate(() => leaveRest(this.#stream));
  }
}

function passedOn(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return http2RecordOf(endToEnd(fieldsOfRecord(headers)));
}

/** Bounded, whatever an instance sends. */
function statusName(code: unknown): string {
  return status[Number(code ?? status.UNKNOWN)] ?? 'UNKNOWN';
}

/** A grpc-message holds the visible characters of ASCII but "%"; all others are UTF-8, percent-encoded. */
function percentEncoded(message: string): string {
  return message.replaceAll(/[^\u0020-\u0024\u0026-\u007e]+/gu, encodeURIComponent);
}
