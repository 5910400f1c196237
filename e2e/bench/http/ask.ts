import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

export interface AskOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, number>>;
  /** Chunked unless the headers tell its length. */
  readonly body: Iterable<Buffer>;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request on a connection of its own. Rejects when it, or its answer, breaks. */
export async function ask(url: string, { body, ...options }: AskOptions): Promise<Answer> {
  const outgoing = request(url, { ...options, agent: false });
  // What breaks before the answer rejects below; what breaks later breaks the answer too.
  outgoing.on('error', () => undefined);
  const sent = pipeline(Readable.from(body), outgoing);
  const [[answer]] = (await Promise.all([once(outgoing, 'response'), sent])) as [[IncomingMessage], void];
  return { status: answer.statusCode, headers: answer.headers, body: await buffer(answer) };
}
