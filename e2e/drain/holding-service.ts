import { writeService } from '../harness/service-folder.ts';

/**
 * Writes the source of a service that knows nothing of signals, so that it ends wherever it is when it is told to stop.
 *
 * - `/hold`: begins an answer, and ends it when asked to
 * - `/release`: ends what is held
 * - an upgrade: is accepted, and stays open for ever
 * - any other path: answers `name`
 */
export async function writeHoldingService(folder: string, name: string): Promise<string> {
  return writeService(folder, name, {}, { 'server.js': holdingServer(name) });
}

/** What `/hold` answers in the end. */
export const heldAnswer = (name: string): string => `begun by ${name}, and finished`;

/** The program of it. */
export const holdingServer = (name: string): string => `
const { createHash } = require('node:crypto');
const held = [];
const server = require('node:http').createServer((request, response) => {
  if (request.url === '/hold') {
    response.write('begun by ${name}');
    held.push(response);
    return;
  }
  if (request.url === '/release') for (const response of held.splice(0)) response.end(', and finished');
  response.end('${name}');
});
server.on('upgrade', ({ headers }, socket) => {
  const key = headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1').update(key).digest('base64');
  socket.on('error', () => {});
  socket.write(
    'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
      'Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n',
  );
});
server.listen(process.env.PORT, '127.0.0.1');
`;
