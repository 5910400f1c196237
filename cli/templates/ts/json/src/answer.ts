import type { IncomingMessage, ServerResponse } from 'node:http';

/** GET /?name=Ada → {"greeting":"Hello, Ada!"} */
export function answer(request: IncomingMessage, response: ServerResponse): void {
  const [path, query] = (request.url ?? '/').split('?');
  if (path !== '/') return send(response, 404, { error: `there is nothing at ${path}` });
  const name = new URLSearchParams(query).get('name') ?? 'world';
  return send(response, 200, { greeting: `Hello, ${name}!` });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
