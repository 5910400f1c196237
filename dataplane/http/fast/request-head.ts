import type { Fields } from '../../headers/fields.ts';
import { maxHeadBytes, maxTargetBytes } from '../../limits.ts';
import { chunkedBody, type Framing, noBody } from '../framing.ts';
import { readFields } from './fields-reader.ts';

/** The head of a request that the fast lane serves: HTTP/1.1, a target that is a path, one `Host`. */
export interface RequestHead {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly fields: Fields;
  readonly framing: Framing;
  /** Whether the client asks for the connection to end after the answer. */
  readonly close: boolean;
}

/**
 * What the first bytes of a request are:
 *
 * - `head`        a head of `length` bytes that is served here
 * - `incomplete`  the beginning of a head, as far as one can tell
 * - `declined`    something the full lane knows what to do with; it is well-formed where it is HTTP/1.x
 * - `refused`     what no proxy should pass on: to be answered with `status`, and the connection to be closed
 */
export type RequestHeadReading =
  | { readonly kind: 'head'; readonly head: RequestHead; readonly length: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'declined' }
  | { readonly kind: 'refused'; readonly status: number; readonly detail: string };

const incomplete: RequestHeadReading = { kind: 'incomplete' };
const declined = { kind: 'declined' } as const;
const malformed = { kind: 'refused', status: 400, detail: 'the request is malformed' } as const;

const requestLine = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/[\u0021-\u007e]*) HTTP\/1\.1\r\n/;

// A request line that is not served here may still be one that the full lane knows, as long as it has this form: parsers
// differ in where they divide others.
const threeWords = /^(?:[\u0021-\u007e\u0080-\u00ff]+ [\u0021-\u007e\u0080-\u00ff]+ HTTP\/1\.\d|PRI \* HTTP\/2\.0)\r\n/;

const bareLineFeed = /(?:^|[^\r])\n/;

/** Lengths are at most 15 digits: numbers are exact up to there. */
const lengthDigits = /^\d{1,15}$/;

/** The header lines of the last request on a connection, and what was read in them. */
export interface HeadersMemory {
  section: string | undefined;
  reading: HeadersReading | undefined;
}

/** What a request's headers say of it, whatever its method and target. */
type HeadersReading =
  | { readonly kind: 'headers'; readonly fields: Fields; readonly framing: Framing; readonly close: boolean }
  | { readonly kind: 'declined' }
  | { readonly kind: 'refused'; readonly status: number; readonly detail: string };

/**
 * Reads the head of a request, strictly: whoever is lenient in front of a parser that is lenient in another way lets
 * requests be smuggled through (RFC 9112 section 11.2).
 *
 * @param text as latin1, from the first byte of the request on; of no use beyond `maxHeadBytes`
 * @param memory of the connection. Where the headers are those of the last request, so are the `fields`
 */
export function readRequestHead(text: string, memory?: HeadersMemory): RequestHeadReading {
  // RFC 9112 section 2.2: an empty line before a request is to be borne with.
  if (text.startsWith('\r\n')) return declined;
  const end = text.indexOf('\r\n\r\n');
  const length = end + 4;
  if (end < 0 || length > maxHeadBytes) return unfinished(text);
  const line = requestLine.exec(text);
  const lineEnd = line === null ? text.indexOf('\r\n') + 2 : line[0].length;
  if (line === null && !threeWords.test(text)) return malformed;

  const section = text.slice(lineEnd, end + 2);
  if (line === null) return readFields(section, 0, section.length).kind === 'malformed' ? malformed : declined;
  const headers = recall(section, memory);
  if (headers.kind !== 'headers') return headers;
  const target = line[2] as string;
  // What is above the other limits can be answered as any request; the full lane does.
  if (target.length > maxTargetBytes) return declined;
  const { fields, framing, close } = headers;
  return { kind: 'head', head: { method: line[1] as string, target, fields, framing, close }, length };
}

function recall(section: string, memory: HeadersMemory | undefined): HeadersReading {
  if (memory?.reading !== undefined && memory.section === section) return memory.reading;
  const reading = readHeaders(section);
  if (memory) {
    memory.section = section;
    memory.reading = reading;
  }
  return reading;
}

function readHeaders(section: string): HeadersReading {
  const reading = readFields(section, 0, section.length);
  if (reading.kind === 'fields') return judge(reading.fields);
  return reading.kind === 'malformed' ? malformed : declined;
}

function unfinished(text: string): RequestHeadReading {
  if (bareLineFeed.test(text)) return malformed;
  if (text.length < maxHeadBytes) return incomplete;
  return text.includes('\r\n')
    ? refused(431, `the head of the request is larger than ${maxHeadBytes} bytes`)
    : refused(414, `the path is longer than ${maxTargetBytes} bytes`);
}

type Significance = 'host' | 'length' | 'coding' | 'connection' | 'decline';

/** The fields that decide how a request is read, and which lane can serve it. */
const significant: ReadonlyMap<string, Significance> = new Map([
  ['host', 'host'],
  ['content-length', 'length'],
  ['transfer-encoding', 'coding'],
  ['connection', 'connection'],
  ['upgrade', 'decline'],
  ['expect', 'decline'],
  ['trailer', 'decline'],
]);

function judge(fields: Fields): HeadersReading {
  let hosts = 0;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let close = false;
  let isDeclined = false;
  for (const { key, value } of fields) {
    switch (significant.get(key)) {
      case undefined:
        break;
      case 'host':
        hosts += 1;
        break;
      case 'length':
        if (contentLength !== undefined) return refused(400, 'more than one Content-Length');
        contentLength = value;
        break;
      case 'coding':
        if (transferEncoding !== undefined) return refused(400, 'more than one Transfer-Encoding');
        transferEncoding = value;
        break;
      case 'connection':
        close ||= value !== 'keep-alive' && asksToClose(value);
        break;
      case 'decline':
        isDeclined = true;
        break;
    }
  }
  // RFC 9112 section 3.2.
  if (hosts !== 1) return refused(400, hosts === 0 ? 'no Host header' : 'more than one Host header');
  const framing = framingOf(contentLength, transferEncoding);
  if (framing === undefined) return refused(400, 'the length of the body is ambiguous');
  if (isDeclined) return declined;
  return { kind: 'headers', fields, framing, close };
}

export function asksToClose(connection: string): boolean {
  return connection === 'close' || /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(connection);
}

/** Undefined where two recipients could take it for two different ones (RFC 9112 section 6.3). */
export function framingOf(
  contentLength: string | undefined,
  transferEncoding: string | undefined,
  without: Framing = noBody,
): Framing | undefined {
  if (transferEncoding !== undefined)
    return contentLength === undefined && transferEncoding.toLowerCase() === 'chunked' ? chunkedBody : undefined;
  if (contentLength === undefined) return without;
  return lengthDigits.test(contentLength) ? { kind: 'length', length: Number(contentLength) } : undefined;
}

function refused(status: number, detail: string): RequestHeadReading & { readonly kind: 'refused' } {
  return { kind: 'refused', status, detail };
}
