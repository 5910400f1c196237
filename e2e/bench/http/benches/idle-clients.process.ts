import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';

// idle-clients.process.js <URL> <count>: opens connections, one request each, says "open" and keeps them until its input ends.
const [address, count] = process.argv.slice(2) as [string, string];
const { hostname, port, host, pathname } = new URL(address);

/** Made at once. */
const concurrency = 64;

const sockets: Socket[] = [];
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (sockets.length < Number(count)) {
      const socket = connect({ host: hostname, port: Number(port) });
      sockets.push(socket);
      await exchange(socket);
    }
  }),
);
const areOpen = () => sockets.every((socket) => !socket.destroyed && !socket.readableEnded);
assert(areOpen(), 'the proxy closed connections');
process.stdout.write('open\n');
process.stdin.resume().once('end', () => {
  assert(areOpen(), 'the proxy closed connections that should rest');
  process.exit();
});

/** Sends a request, and waits for the whole of its answer. */
function exchange(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.setEncoding('latin1');
    socket.once('error', reject);
    socket.on('data', (chunk: string) => {
      answer += chunk;
      const headEnd = answer.indexOf('\r\n\r\n');
      const [, length] = /^content-length: (\d+)/im.exec(answer) ?? [];
      if (headEnd < 0 || answer.length < headEnd + 4 + Number(length)) return;
      assert.match(answer, /^HTTP\/1\.1 200 /);
      socket.removeAllListeners('data');
      resolve();
    });
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });
}
