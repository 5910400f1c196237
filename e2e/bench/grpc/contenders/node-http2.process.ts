import { connect, createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';

// node-http2.process.js <address to listen on> <address of the instance>
const [listenOn, instance] = process.argv.slice(2) as [string, string];
const { hostname, port } = new URL(`http://${listenOn}`);

const upstream = connect(`http://${instance}`);

const server = createServer();
server.on('stream', (stream, headers) => {
  const call = upstream.request(headers);
  let trailers: IncomingHttpHeaders = {};
  call.on('response', (answer: OutgoingHttpHeaders) => {
    // A client that has left closes its streams.
    if (!stream.destroyed) stream.respond(answer, { waitForTrailers: true });
  });
  call.on('trailers', (received: IncomingHttpHeaders) => {
    trailers = received;
  });
  stream.on('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(trailers);
  });
  call.on('error', () => stream.close());
  stream.on('error', () => call.close());
  stream.pipe(call).pipe(stream);
});
server.listen({ host: hostname, port: Number(port), backlog: 4096 });
