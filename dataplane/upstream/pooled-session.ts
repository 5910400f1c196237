import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionRequestOptions,
  OutgoingHttpHeaders,
} from 'node:http2';

/** An HTTP/2 session to an instance that counts its streams. It closes when it has had none for a while. */
export class PooledSession {
  readonly #session: ClientHttp2Session;
  #streams = 0;
  #hasAnswered = false;

  constructor(session: ClientHttp2Session, idleMs: number) {
    this.#session = session;
    // What fails the session fails its streams too, and each of them tells its call.
    session.on('error', () => {});
    session.setTimeout(idleMs, () => {
      if (this.#streams === 0) session.close();
    });
  }

  get streams(): number {
    return this.#streams;
  }

  /** Whether a stream was answered before. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** False once either side has begun to end the session. */
  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Whether the connection is gone, and with it every stream. */
  get isLost(): boolean {
    return this.#session.destroyed;
  }

  get hasRoom(): boolean {
    return this.#streams < (this.#session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY);
  }

  /** Opens a stream; one that the session has no room for waits for another to end. */
  request(headers: OutgoingHttpHeaders, options: ClientSessionRequestOptions): ClientHttp2Stream {
    const stream = this.#session.request(headers, options);
    this.#streams += 1;
    stream.once('response', () => {
      this.#hasAnswered = true;
    });
    return stream.once('close', () => {
      this.#streams -= 1;
    });
  }

  onClose(listener: () => void): void {
    this.#session.once('close', listener);
  }

  destroy(): void {
    this.#session.destroy();
  }
}
