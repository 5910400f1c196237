import { createServer } from 'node:http';
import { pipeline } from 'node:stream';
import { json } from 'node:stream/consumers';

const routes = {
  'GET /': (_request, response) => answer(response, 200, { endpoints: Object.keys(routes) }),
  'GET /time': tellTime,
  'GET /ticks': tick,
  'POST /echo': echo,
  'POST /sum': sum,
};

/** /time?zone=Europe/Berlin */
function tellTime(_request, response, query) {
  const zone = query.get('zone') ?? 'UTC';
  const now = new Date();
  try {
    const local = now.toLocaleTimeString('en-GB', { timeZone: zone });
    answer(response, 200, { zone, local, iso: now.toISOString() });
  } catch {
    answer(response, 400, { error: `there is no time zone ${zone}` });
  }
}

/** /ticks?every=1000: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), one each so many ms. */
function tick(_request, response, query) {
  const everyMs = Math.max(10, Number(query.get('every') ?? 1000) || 1000);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let count = 0;
  const send = () => response.write(`id: ${(count += 1)}\nevent: tick\ndata: ${new Date().toISOString()}\n\n`);
  send();
  const timer = setInterval(send, everyMs);
  streams.add(response);
  response.once('close', () => {
    clearInterval(timer);
    streams.delete(response);
  });
}

function echo(request, response) {
  response.writeHead(200, { 'content-type': request.headers['content-type'] ?? 'application/octet-stream' });
  // Fails when the client leaves; then there is nobody to tell.
  pipeline(request, response, () => {});
}

/** [1, 2, 3] → {"sum": 6} */
async function sum(request, response) {
  const numbers = await json(request).catch(() => undefined);
  if (!Array.isArray(numbers) || !numbers.every(Number.isFinite)) {
    return answer(response, 400, { error: 'send a JSON array of numbers' });
  }
  return answer(response, 200, { sum: numbers.reduce((total, number) => total + number, 0) });
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

const streams = new Set();
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://clock');
  const handle = routes[`${request.method} ${pathname}`];
  if (handle === undefined) answer(response, 404, { error: `there is no ${request.method} ${pathname}` });
  else handle(request, response, searchParams);
});

const port = Number(process.env.PORT ?? 3000);
server.listen(port, '127.0.0.1', () => console.log(`telling the time on port ${port}`));

process.once('SIGTERM', () => {
  console.log('time is up');
  // Answers what is in flight, then closes; a stream of ticks would have no end of its own.
  server.close();
  for (const stream of streams) stream.end();
});
