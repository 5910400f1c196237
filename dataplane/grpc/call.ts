import { status } from '@grpc/grpc-js';
import type { Call as CallRecord } from '../calls.ts';
import { maxRetries } from '../limits.ts';
import type { InstanceState } from '../routes/instance-state.ts';
import type { RoutedInstance, RoutedService } from '../routes/table.ts';
import { ByteQueue } from './connection/byte-queue.ts';
import type { Http2Stream, StreamUser } from './connection/http2-stream.ts';
import { ErrorCode } from './frames/protocol.ts';
import { statusName, trailers, trailersOnly, unsupportedMediaType } from './heads/own-answer.ts';
import { OwnFields } from './heads/own-fields.ts';
import type { RequestHead } from './heads/request-heads.ts';
import type { InstanceConnection } from './instance-connection.ts';
import type { Taker } from './instance-pools.ts';
import type { GrpcLaneParts } from './lane.types.ts';

/**
 * What a call is at.
 *
 *   begin ─▶ connecting ─a connection─▶ asking ─answer's head─▶ answering ─answer is whole─▶ sending ─all has left─▶ over
 *               ▲                          │                        │
 *               └── refused, or untouched ─┘                        └─ reset, lost, cancelled, out of time ─▶ over
 *
 * `connecting`  the request is kept until an instance can be asked
 * `asking`      the request was sent, as far as it has come; nothing of an answer has come
 * `answering`   the head of the answer was passed on; both bodies may still be coming
 * `sending`     the instance is done; the end of its answer waits for the client
 * `over`        both streams are ended, or will be by what was written
 */
type State = 'connecting' | 'asking' | 'answering' | 'sending' | 'over';

/** As much of a request as is kept, once it was sent, to be sent to another instance. */
const maxKeptBytes = 65_535;

/** What is told of a name that is not known: the client may have sent a few octets for a long one (RFC 7541 section 6.1). */
const longestName = 256;

/** One gRPC call: a stream of a client, and one of the instance that serves it. Frames go from one to the other. */
export class Call implements StreamUser, Taker {
  readonly #parts: GrpcLaneParts;
  #state: State = 'connecting';
  #client!: Http2Stream;
  #head!: RequestHead;
  #ownFields!: OwnFields;
  #record!: CallRecord;
  #service: RoutedService | undefined;
  #instance: RoutedInstance | undefined;
  #upstream: Http2Stream | undefined;
  /** Instances that are not to be asked again. */
  readonly #tried = new Set<InstanceState>();
  #tries = 0;
  #requestHasEnded = false;
  /** Whether the head of the answer, which was passed on, says how long the answer is. */
  #answerIsMeasured = false;
  /** What has come of the request's body; undefined once it cannot be sent again. */
  #kept: ByteQueue | undefined = new ByteQueue();
  /** Bytes of the request's body that left for the present instance, and that the client was given back as window. */
  #leftBytes = 0;
  #creditedBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: GrpcLaneParts) {
    this.#parts = parts;
  }

  /** The call's head has come; `client.hasReceivedEnd` tells whether that was all of it. */
  begin(client: Http2Stream, head: RequestHead): void {
    this.#client = client;
    this.#head = head;
    this.#requestHasEnded = client.hasReceivedEnd;
    if (!head.isGrpc) {
      this.#state = 'over';
      client.sendHeaders(true, unsupportedMediaType);
      client.reset(ErrorCode.noError);
      return;
    }
    const { path, microService, origin, timeoutMs } = head;
    this.#ownFields = new OwnFields(head);
    const { requestId } = this.#ownFields;
    this.#record = this.#parts.calls.begin(
      { entrypoint: 'grpc', protocol: 'gRPC', lane: 'grpc', requestId, method: 'POST', path, client: origin.client },
      'CANCELLED',
    );
    const service = this.#parts.route(path, microService);
    if (service === 'no-table') {
      this.#fail(status.UNAVAILABLE, 'there is no route table yet: no control plane has sent one');
    } else if (service === undefined) {
      this.#fail(status.UNIMPLEMENTED, `no service for ${(microService ?? path).slice(0, longestName)}`);
    } else {
      this.#service = service;
      this.#record.service = service.name;
      service.retries.deposit();
      if (timeoutMs !== undefined) this.#timer = setTimeout(this.#onDeadline, timeoutMs);
      this.#connect(service);
    }
  }

  #connect(service: RoutedService): void {
    this.#state = 'connecting';
    const instance = service.pickers.h2c.pick(this.#tried);
    if (instance === undefined) {
      this.#failUnserved(service);
      return;
    }
    this.#tries += 1;
    this.#tried.add(instance.state);
    this.#instance = instance;
    this.#record.instance = instance.name;
    instance.state.begin();
    this.#parts.pools.take(instance, this);
  }

  onConnection(connection: InstanceConnection): void {
    const upstream = connection.open(this);
    this.#upstream = upstream;
    this.#state = 'asking';
    this.#leftBytes = 0;
    let toSend = this.#kept?.length ?? 0;
    const block = this.#ownFields.block();
    upstream.sendHeaders(this.#requestHasEnded && toSend === 0, this.#head.block, block.bytes, block.length);
    for (const { bytes, start, end } of this.#kept?.parts ?? []) {
      toSend -= end - start;
      this.#left(upstream.sendData(this.#requestHasEnded && toSend === 0, bytes, start, end));
    }
  }

  onNoConnection(): void {
    this.#instance?.state.failed('connect');
    this.#tryAgain();
  }

  onNoRoom(): void {
    const { instance } = this.#record;
    const seconds = this.#parts.timeouts.roomMs / 1_000;
    this.#fail(
      status.UNAVAILABLE,
      `${instance} has as many calls as it takes at once, and none ended for ${seconds} s`,
    );
  }

  onHeaders(upstream: Http2Stream, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    const areTrailers = this.#state === 'answering';
    const head = (upstream.connection as InstanceConnection).heads.read(areTrailers, bytes, start, end);
    if (this.#state !== 'asking' && !areTrailers) return;
    const isInterim = head !== undefined && !areTrailers && head.status < 200;
    if (head !== undefined && !areTrailers && !isInterim) upstream.owedBytes = head.contentLength;
    const lacksData = endStream && (upstream.owedBytes ?? 0) > 0;
    if (head === undefined || ((areTrailers || isInterim) && endStream !== areTrailers) || lacksData) {
      this.#instance?.state.failed('broken');
      upstream.reset(ErrorCode.protocolError);
      this.#fail(status.INTERNAL, 'the answer of the instance is malformed');
      return;
    }
    // gRPC has none.
    if (isInterim) return;
    if (areTrailers) {
      this.#client.sendTrailers(head.block);
    } else {
      this.#state = 'answering';
      this.#kept = undefined;
      this.#answerIsMeasured = head.contentLength !== undefined;
      this.#instance?.state.answered(head.status);
      this.#client.sendHeaders(endStream, head.block);
    }
    if (endStream) this.#answered(statusName(head.grpcStatus));
  }

  onData(stream: Http2Stream, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    if (stream === this.#client) this.#passOnRequest(endStream, bytes, start, end);
    else this.#passOnAnswer(stream, endStream, bytes, start, end);
  }

  #passOnRequest(endStream: boolean, bytes: Buffer, start: number, end: number): void {
    if (endStream) this.#requestHasEnded = true;
    if (this.#kept !== undefined) this.#keep(bytes, start, end);
    if (this.#upstream !== undefined && (this.#state === 'asking' || this.#state === 'answering'))
      this.#left(this.#upstream.sendData(endStream, bytes, start, end));
  }

  #passOnAnswer(upstream: Http2Stream, endStream: boolean, bytes: Buffer, start: number, end: number): void {
    if (this.#state !== 'answering') {
      if (this.#state !== 'asking') return;
      this.#instance?.state.failed('broken');
      upstream.reset(ErrorCode.protocolError);
      this.#fail(status.INTERNAL, 'the instance sent a body before the head of its answer');
      return;
    }
    this.#record.bytes += end - start;
    upstream.consumed(this.#client.sendData(endStream, bytes, start, end));
    // Without trailers there is no status, as clients will find too.
    if (endStream) this.#answered('UNKNOWN');
  }

  onSent(stream: Http2Stream, bytes: number): void {
    if (stream !== this.#client) this.#left(bytes);
    else if (this.#state === 'sending') this.#finishWhenSent();
    else this.#upstream?.consumed(bytes);
  }

  onReset(stream: Http2Stream, code: number): void {
    if (this.#state === 'over') return;
    if (stream === this.#client) this.#cancel(code);
    else if (this.#state === 'sending') this.#upstream = undefined;
    else if (this.#state === 'asking' && code === ErrorCode.refusedStream) this.#tryAgain();
    else {
      if (this.#state === 'asking') this.#instance?.state.failed('broken');
      if (code === ErrorCode.noError) {
        this.#fail(status.UNAVAILABLE, 'the instance ended the call before its answer');
        return;
      }
      this.#record.code = statusName(statusOfReset.get(code) ?? status.INTERNAL);
      this.#client.reset(code);
      this.#finish();
    }
  }

  onLost(stream: Http2Stream, wasUntouched: boolean): void {
    if (this.#state === 'over') return;
    if (stream === this.#client) this.#cancel(ErrorCode.cancel);
    else if (this.#state === 'sending') this.#upstream = undefined;
    else if (wasUntouched && this.#state === 'asking') this.#moveOn();
    else {
      this.#instance?.state.failed('broken');
      this.#fail(status.UNAVAILABLE, 'the connection to the instance was lost');
    }
  }

  /** The client leaves: so does the work of the instance end. */
  #cancel(code: number): void {
    this.#upstream?.reset(code === ErrorCode.noError ? ErrorCode.cancel : code);
    this.#finish();
  }

  readonly #onDeadline = (): void => {
    this.#fail(status.DEADLINE_EXCEEDED, `no answer within ${this.#head.timeoutMs} ms`);
  };

  #keep(bytes: Buffer, start: number, end: number): void {
    this.#kept?.push(bytes, start, end);
    // While nobody has it, all of it is kept: the client's window bounds it.
    const isTooMuch = this.#kept !== undefined && this.#kept.length > maxKeptBytes;
    if (isTooMuch && this.#state !== 'connecting') this.#kept = undefined;
  }

  /** Bytes of the request have left for the instance: the client may send as many more, but is told so once. */
  #left(bytes: number): void {
    this.#leftBytes += bytes;
    if (this.#leftBytes <= this.#creditedBytes) return;
    this.#client.consumed(this.#leftBytes - this.#creditedBytes);
    this.#creditedBytes = this.#leftBytes;
  }

  /** The connection takes no more calls, which says nothing of the instance: it may be asked on another one too. */
  #moveOn(): void {
    if (this.#instance) this.#tried.delete(this.#instance.state);
    this.#tryAgain();
  }

  /** The instance did nothing of the call: another may. */
  #tryAgain(): void {
    this.#instance?.state.end();
    this.#instance = undefined;
    this.#upstream = undefined;
    const service = this.#service as RoutedService;
    // To what is routed by now.
    const routed = this.#parts.service(service.name);
    const mayBe = this.#kept !== undefined && this.#tries <= maxRetries && routed !== undefined;
    if (!mayBe || routed.pickers.h2c.pick(this.#tried) === undefined || !service.retries.tryWithdraw()) {
      this.#failUnserved(service);
      return;
    }
    this.#record.retried();
    this.#connect(routed);
  }

  #failUnserved({ name, pickers }: RoutedService): void {
    if (this.#tries > 0) {
      this.#fail(status.UNAVAILABLE, `no instance of ${name} could be reached (${this.#tries} tries)`);
    } else if (pickers.http1.instances.length > 0) {
      this.#fail(status.UNIMPLEMENTED, `the instances of ${name} speak HTTP/1.1 only, and gRPC needs HTTP/2`);
    } else {
      this.#fail(status.UNAVAILABLE, `${name} has no live instance`);
    }
  }

  /** Ends the call with a status of the data plane's own. */
  #fail(code: status, message: string): void {
    if (this.#state === 'over') return;
    this.#record.code = statusName(code);
    this.#upstream?.reset(ErrorCode.cancel);
    if (this.#answerIsMeasured) {
      // Trailers would end it at another length than it was said to have, which makes it malformed.
      this.#client.reset(ErrorCode.internalError);
    } else if (this.#state === 'answering' || this.#state === 'sending') {
      this.#client.dropHeld();
      this.#client.sendTrailers(trailers(code, message));
    } else this.#client.sendHeaders(true, trailersOnly(code, message));
    this.#finish();
  }

  /** The answer of the instance is whole. */
  #answered(code: string): void {
    this.#record.code = code;
    this.#state = 'sending';
    // What it did not want of the request.
    if (this.#upstream?.hasSentEnd === false) this.#upstream.reset(ErrorCode.cancel);
    this.#instance?.state.end();
    this.#instance = undefined;
    this.#finishWhenSent();
  }

  #finishWhenSent(): void {
    if (this.#client.hasSentEnd) this.#finish();
  }

  #finish(): void {
    if (this.#state === 'connecting' && this.#instance) this.#parts.pools.leave(this.#instance, this);
    this.#state = 'over';
    clearTimeout(this.#timer);
    // The rest of a request that was answered is not wanted (RFC 9113 section 8.1).
    this.#client.reset(ErrorCode.noError);
    this.#instance?.state.end();
    this.#kept = undefined;
    this.#record.end();
  }
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors */
const statusOfReset: ReadonlyMap<number, status> = new Map([
  [ErrorCode.refusedStream, status.UNAVAILABLE],
  [ErrorCode.cancel, status.CANCELLED],
  [ErrorCode.enhanceYourCalm, status.RESOURCE_EXHAUSTED],
  [ErrorCode.inadequateSecurity, status.PERMISSION_DENIED],
]);
