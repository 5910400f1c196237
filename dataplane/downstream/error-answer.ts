import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import Negotiator from 'negotiator';

export interface ErrorAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An error in go-micro's shape as JSON, or a small page where the client prefers HTML. */
export function errorAnswer(
  request: { readonly headers: IncomingHttpHeaders },
  status: number,
  detail: string,
): ErrorAnswer {
  const type = new Negotiator(request).mediaType(['application/json', 'text/html']) ?? 'application/json';
  const body = type === 'text/html' ? page(status, detail) : json(status, detail);
  return {
    headers: {
      'content-type': `${type}; charset=utf-8`,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      // What the detail repeats of the request must never be taken for anything else than text.
      'x-content-type-options': 'nosniff',
    },
    body,
  };
}

/** A whole HTTP/1.1 answer as bytes, for a connection on which no request could be made out. It ends the connection. */
export function rawErrorAnswer(status: number, detail: string): string {
  const { headers, body } = errorAnswer({ headers: {} }, status, detail);
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}`);
  return `${[`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

/** `{"id","code","detail","status"}`, as go-micro's errors package writes it. */
function json(status: number, detail: string): string {
  return `${JSON.stringify({ id: 'micro.dataplane', code: status, detail, status: STATUS_CODES[status] })}\n`;
}

function page(status: number, detail: string): string {
  const title = `${status} ${STATUS_CODES[status]}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 40rem; padding: 0 1rem }</style>
<h1>${title}</h1>
<p>${escapeHtml(detail)}</p>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
