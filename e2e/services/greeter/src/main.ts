import { createServer, type Http2Session } from 'node:http2';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Say } from './gen/greeter_pb.ts';
import { servePages } from './pages.ts';
import { say } from './say.ts';

// HTTP/2 without TLS: gRPC and plain requests come in on one port, both through the entrypoints of `micro server`.
const server = createServer(connectNodeAdapter({ routes: (router) => router.service(Say, say), fallback: servePages }));

const sessions = new Set<Http2Session>();
server.on('session', (session) => {
  sessions.add(session);
  session.once('close', () => sessions.delete(session));
});

const port = Number(process.env['PORT'] ?? 3000);
server.listen(port, '127.0.0.1', () => console.log(`greeting people on port ${port}`));

process.once('SIGTERM', () => {
  console.log('no more greetings once those on their way are said');
  server.close();
  // Takes no new calls and closes when those in flight are answered.
  for (const session of sessions) session.close();
});
