/** GET /?name=Ada → {"greeting":"Hello, Ada!"} */
export function answer(request, response) {
  const [path, query] = request.url.split('?');
  if (path !== '/') return send(response, 404, { error: `there is nothing at ${path}` });
  const name = new URLSearchParams(query).get('name') ?? 'world';
  return send(response, 200, { greeting: `Hello, ${name}!` });
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
