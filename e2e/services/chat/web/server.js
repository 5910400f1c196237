import { createServer } from 'node:http';
import sirv from 'sirv';
import { WebSocket, WebSocketServer } from 'ws';

const server = createServer(sirv('public', { etag: true }));
const room = new WebSocketServer({ server, path: '/room', maxPayload: 4096 });

room.on('connection', (visitor) => {
  // What is too long or malformed ends the connection, with the reason in its close frame.
  visitor.on('error', (error) => console.error(error.message));
  visitor.on('message', (message, isBinary) => {
    for (const other of room.clients) {
      if (other.readyState === WebSocket.OPEN) other.send(message, { binary: isBinary });
    }
  });
});

const port = Number(process.env.PORT ?? 3000);
server.listen(port, '127.0.0.1', () => console.log(`the room is open on port ${port}`));

process.once('SIGTERM', () => {
  server.close();
  for (const visitor of room.clients) visitor.close(1001, 'the room closes');
});
