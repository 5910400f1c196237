import { rawErrorAnswer } from '../downstream/error-answer.ts';
import type { Lane } from '../downstream/lane.types.ts';

/** Gives connections to the `grpc` entrypoint that are not HTTP/2 a short answer in HTTP/1.1, and ends them. */
export const refusalLane: Lane = {
  accept(socket) {
    socket.once('error', () => {});
    socket.end(rawErrorAnswer(400, 'this address speaks gRPC: HTTP/2 by prior knowledge'));
    socket.resume().once('end', () => socket.destroySoon());
  },
  drain() {},
};
