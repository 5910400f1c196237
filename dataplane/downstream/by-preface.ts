import type { Socket } from 'node:net';
import type { Lane } from './lane.types.ts';

export interface ByPrefaceOptions {
  readonly http2: Lane;
  /** Gets what does not begin as HTTP/2. */
  readonly other: Lane;
  /** How long a connection may take to send its first bytes, in milliseconds. */
  readonly timeoutMs: number;
}

/** What an HTTP/2 client sends first (RFC 9113 section 3.4). No HTTP/1.1 request can begin with it: PRI is no method. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Gives each connection to the lane that speaks its protocol, told by its first bytes. */
export function byPreface({ http2, other, timeoutMs }: ByPrefaceOptions): Lane {
  const undecided = new Set<Socket>();

  function accept(socket: Socket): void {
    let seen: Buffer = Buffer.alloc(0);
    const giveUp = (): void => {
      socket.destroy();
    };
    const onData = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const length = Math.min(seen.length, preface.length);
      const couldBeHttp2 = preface.subarray(0, length).equals(seen.subarray(0, length));
      if (couldBeHttp2 && length < preface.length) return;
      letGo();
      socket.pause();
      socket.unshift(seen);
      (couldBeHttp2 ? http2 : other).accept(socket);
    };
    const letGo = (): void => {
      clearTimeout(timer);
      undecided.delete(socket);
      socket.off('data', onData).off('end', giveUp).off('error', giveUp).off('close', letGo);
    };
    const timer = setTimeout(giveUp, timeoutMs);
    undecided.add(socket);
    socket.on('data', onData).once('end', giveUp).once('error', giveUp).once('close', letGo);
    socket.resume();
  }

  return {
    accept,
    drain() {
      for (const socket of undecided) socket.destroy();
      http2.drain();
      other.drain();
    },
  };
}
