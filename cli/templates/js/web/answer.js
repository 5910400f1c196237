import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('page.html', import.meta.url));

/** GET / → the page */
export function answer(request, response) {
  const [path] = request.url.split('?');
  if (path !== '/') response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such page.\n');
  else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}
