import type { ConnectNodeAdapterOptions } from '@connectrpc/connect-node';
import { greet } from './greeting.ts';

type Handler = NonNullable<ConnectNodeAdapterOptions['fallback']>;

/** The HTTP side of the greeter. */
export const servePages: Handler = (request, response) => {
  // Paths are as the service has them; whoever is in front of it says what it took off.
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://greeter');
  const prefix = String(request.headers['x-forwarded-prefix'] ?? '');
  switch (pathname) {
    case '/':
      return answer(response, 200, { greeting: greet(['world']), try: `${prefix}/hello?name=Ada` });
    case '/hello':
      return answer(response, 200, { greeting: greet([searchParams.get('name') || 'world']) });
    default:
      return answer(response, 404, { error: `there is nothing at ${pathname}`, try: `${prefix}/hello?name=Ada` });
  }
};

function answer(response: Parameters<Handler>[1], status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
