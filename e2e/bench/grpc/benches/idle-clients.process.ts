import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { small } from '../exchange.ts';
import { Flag, FrameType } from '../frames.ts';
import { callFrames, connectClient } from '../load/client.ts';

// idle-clients.process.js <address> <count>: opens connections, one call each, says "open" and keeps them until its input ends.
const [address, count] = process.argv.slice(2) as [string, string];

/** Made at once. */
const concurrency = 64;

const sockets: Socket[] = [];
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (sockets.length < Number(count)) await call();
  }),
);
const areOpen = () => sockets.every((socket) => !socket.destroyed && !socket.readableEnded);
assert(areOpen(), 'the proxy closed connections');
process.stdout.write('open\n');
process.stdin.resume().once('end', () => {
  assert(areOpen(), 'the proxy closed connections that should rest');
  process.exit();
});

/** Connects, makes a call and waits for its end. */
function call(): Promise<void> {
  return new Promise((resolve, reject) => {
    const client = connectClient({
      address,
      onFrame(type, flags) {
        if (type === FrameType.headers && (flags & Flag.endStream) !== 0) resolve();
      },
    });
    sockets.push(client.socket);
    client.socket.once('error', reject);
    client.send(callFrames(1, small));
  });
}
