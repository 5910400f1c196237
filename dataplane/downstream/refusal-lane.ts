import { defaultTimeouts } from '../limits.ts';
import { rawErrorAnswer } from './error-answer.ts';
import type { Lane } from './lane.types.ts';

/** Gives connections that speak what their address does not a short answer in HTTP/1.1, and ends them. */
export function refusalLane(detail: string): Lane {
  const answer = rawErrorAnswer(400, detail);
  return {
    accept(socket) {
      const timer = setTimeout(() => socket.destroy(), defaultTimeouts.lingerMs);
      socket.once('error', () => {}).once('close', () => clearTimeout(timer));
      socket.end(answer);
      // Destroyed any sooner, the connection would be reset for what was not read, and the answer lost with it.
      socket.resume().once('end', () => socket.destroySoon());
    },
    drain() {},
    closeIdle() {},
  };
}
