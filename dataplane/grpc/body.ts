import type { ClientHttp2Stream, ServerHttp2Stream } from 'node:http2';

/** As much of a request as is kept to be sent again: what a stream may send before anybody has given it more window. */
const maxKeptBytes = 65_535;

/**
 * The body of one call, of which the beginning is kept for as long as the call may have to be sent to another instance.
 */
export class CallBody {
  readonly #source: ServerHttp2Stream;
  #kept: Buffer[] | undefined = [];
  #keptBytes = 0;
  #hasEnded: boolean;
  #detach = (): void => {};

  constructor(source: ServerHttp2Stream) {
    this.#source = source;
    this.#hasEnded = source.endAfterHeaders;
  }

  /** Whether nothing follows the head, as far as is known now. */
  get isEmpty(): boolean {
    return this.#hasEnded && this.#keptBytes === 0;
  }

  /** Whether all that was read can be sent again. */
  get canBeSentAgain(): boolean {
    return this.#kept !== undefined;
  }

  /** Sends what there is and what comes to this instance, and to no other any more. */
  sendTo(destination: ClientHttp2Stream): void {
    this.#detach();
    for (const chunk of this.#kept ?? []) destination.write(chunk);
    if (this.#hasEnded) {
      destination.end();
      return;
    }
    const onData = (chunk: Buffer): void => {
      this.#keep(chunk);
      if (!destination.write(chunk)) this.#source.pause();
    };
    const onEnd = (): void => {
      this.#hasEnded = true;
      destination.end();
    };
    const onDrain = (): void => {
      this.#source.resume();
    };
    this.#detach = () => {
      this.#source.off('data', onData).off('end', onEnd).pause();
      destination.off('drain', onDrain);
    };
    this.#source.on('data', onData).once('end', onEnd).resume();
    destination.on('drain', onDrain);
  }

  /** Keeps nothing any more: the call stays with the instance it is with. */
  settle(): void {
    this.#kept = undefined;
  }

  #keep(chunk: Buffer): void {
    if (!this.#kept) return;
    this.#keptBytes += chunk.length;
    if (this.#keptBytes > maxKeptBytes) this.#kept = undefined;
    else this.#kept.push(chunk);
  }
}
