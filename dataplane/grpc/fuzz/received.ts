import { flag, type, windowUpdate } from '../rfc9113/frames.fixture.ts';
import type { RawPeer } from '../rfc9113/peer.fixture.ts';

/** One side's view of its streams: what came, and how each ended. */
export class Received {
  readonly #octets = new Map<number, Buffer[]>();
  readonly ended = new Map<number, 'end' | 'reset'>();

  /** Gives back all window that DATA took, and a little more, and notes what came. */
  watch(peer: RawPeer, onEnd: (stream: number) => void = () => {}): void {
    peer.onFrame = ({ type: kind, flags, stream, payload }) => {
      if (kind === type.data) {
        this.#octets.set(stream, [...(this.#octets.get(stream) ?? []), payload]);
        if (payload.length > 0)
          void peer.send(windowUpdate(0, payload.length), windowUpdate(stream, payload.length + 500));
      }
      if (kind === type.rstStream) this.ended.set(stream, this.ended.get(stream) ?? 'reset');
      const isEnd = (kind === type.data || kind === type.headers) && (flags & flag.endStream) !== 0;
      if (!isEnd) return;
      this.ended.set(stream, 'end');
      onEnd(stream);
    };
  }

  of(stream: number): Buffer {
    return Buffer.concat(this.#octets.get(stream) ?? []);
  }
}
