import { STATUS_CODES } from 'node:http';
import Negotiator from 'negotiator';
import { connectionClose, httpDate } from '../headers/answer-fields.ts';
import { type Fields, field } from '../headers/fields.ts';
import { headLines } from '../headers/head-lines.ts';

/** An answer of the data plane's own. */
export interface OwnAnswer {
  readonly status: number;
  readonly fields: Fields;
  readonly body: string;
}

/**
 * An error in go-micro's shape as JSON, or a small page where the client prefers HTML.
 *
 * @param accept the `Accept` of the request
 */
export function errorAnswer(accept: string | undefined, status: number, detail: string): OwnAnswer {
  const type =
    new Negotiator({ headers: { accept } }).mediaType(['application/json', 'text/html']) ?? 'application/json';
  const body = type === 'text/html' ? page(status, detail) : json(status, detail);
  return {
    status,
    fields: [
      field('Content-Type', `${type}; charset=utf-8`),
      field('Content-Length', String(Buffer.byteLength(body))),
      field('Cache-Control', 'no-store'),
      // What the detail repeats of the request must never be taken for anything else than text.
      field('X-Content-Type-Options', 'nosniff'),
      field('Date', httpDate()),
    ],
    body,
  };
}

/** A whole HTTP/1.1 answer as bytes, for a connection on which no request could be made out. It ends the connection. */
export function rawErrorAnswer(status: number, detail: string): string {
  const { fields, body } = errorAnswer(undefined, status, detail);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headLines([...fields, connectionClose])}\r\n${body}`;
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
