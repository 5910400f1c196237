import { writeService } from '../../harness/service-folder.ts';

/** The program knows no method: what comes is sent back, message by message. */
const program = (name: string) => `
const server = require('node:http2').createServer();
const sessions = new Set();
server.on('session', (session) => {
  sessions.add(session);
  session.once('close', () => sessions.delete(session));
});
server.on('stream', (stream) => {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'x-head-instance': '${name}' },
    { waitForTrailers: true },
  );
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.once('error', () => {});
  stream.pipe(stream);
});
server.listen(process.env.PORT, '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  for (const session of sessions) session.close();
});
`;

/** Writes the source of an echo service without dependencies, for `micro run`; `name` is sent as `x-head-instance`. */
export function writeEchoService(folder: string, name: string): Promise<string> {
  return writeService(folder, name, {}, { 'server.js': program(name) });
}
