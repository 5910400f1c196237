import type { Socket } from 'node:net';
import type { Lane } from './lane.types.ts';

export interface ByFirstBytesOptions {
  /** Those that `laneFor` chooses from. */
  readonly lanes: readonly Lane[];
  /** The lane for a connection on which these bytes came first; `undefined` as long as they could mean several. */
  readonly laneFor: (seen: Buffer) => Lane | undefined;
  /** How long a connection may take to send enough of them, in milliseconds. */
  readonly timeoutMs: number;
}

/** Gives each connection to the lane that its first bytes ask for, with these bytes put back. */
export function byFirstBytes({ lanes, laneFor, timeoutMs }: ByFirstBytesOptions): Lane {
  const undecided = new Set<Socket>();

  function accept(socket: Socket): void {
    let seen: Buffer = Buffer.alloc(0);
    const giveUp = (): void => {
      socket.destroy();
    };
    const onData = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const lane = laneFor(seen);
      if (!lane) return;
      letGo();
      socket.pause();
      socket.unshift(seen);
      lane.accept(socket);
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
      for (const lane of lanes) lane.drain();
    },
    closeIdle() {
      for (const socket of undecided) socket.destroy();
      for (const lane of lanes) lane.closeIdle();
    },
  };
}
