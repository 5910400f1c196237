import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Fault, type Order, type Report, whole } from './faulty.types.ts';

// An instance that misbehaves when it is told to, by the process that started it.

let fault: Fault = 'none';
let served = 0;
let inFlight = 0;
const sockets = new Set<Socket>();
const held: ServerResponse[] = [];

function respond({ url, socket }: IncomingMessage, response: ServerResponse): void {
  inFlight += 1;
  response.once('close', () => {
    inFlight -= 1;
  });
  response.once('finish', () => {
    served += 1;
  });
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${whole.length}\r\n\r\n`;
  switch (fault) {
    case 'reset-in-head':
      socket.write(head.slice(0, 20), () => socket.resetAndDestroy());
      return;
    case 'reset-in-body':
      socket.write(head + whole.slice(0, 100), () => socket.resetAndDestroy());
      return;
    case 'garbage':
      socket.write('\u0000\u0001 this is no HTTP \r\n\r\n');
      return;
    default:
      if (url === '/hold') held.push(response);
      else response.end(whole);
  }
}

const server = createServer(respond);
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});

function listen(port: number): Promise<number> {
  return new Promise((resolve) => {
    server.listen({ host: '127.0.0.1', port }, () => resolve((server.address() as AddressInfo).port));
  });
}

async function misbehave(next: Fault): Promise<void> {
  if (next === 'refuse') {
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    for (const socket of sockets) socket.destroy();
    await closed;
  } else if (fault === 'refuse') await listen(port);
  fault = next;
}

const port = await listen(Number(process.argv[2]));
const report = (): Report => ({ port, served, inFlight, held: held.length, connections: sockets.size });
process.on('message', (order: Order) => {
  if (order === 'release') for (const response of held.splice(0)) response.end(whole);
  else if (order !== 'report') {
    void misbehave(order).then(() => process.send?.(report()));
    return;
  }
  process.send?.(report());
});
process.once('disconnect', () => process.exit());
process.send?.(report());
