import type { Fields } from '../../headers/fields.ts';
import { maxHeadBytes } from '../../limits.ts';
import { bodyUntilClose, type Framing, noBody } from '../framing.ts';
import { readFields } from './fields-reader.ts';
import { asksToClose, framingOf } from './request-head.ts';

/** The head of an answer, which may be one of several: interim ones (1xx) come before the one that counts. */
export interface AnswerHead {
  readonly status: number;
  /** The reason phrase; empty where there is none that can be passed on. */
  readonly reason: string;
  readonly fields: Fields;
  readonly framing: Framing;
  /** Whether the instance keeps the connection after this answer. */
  readonly keepAlive: boolean;
  /** For how long it keeps it at rest, in milliseconds, where it says so. */
  readonly keepAliveMs: number | undefined;
}

/** `length` is that of the head, in bytes. What is malformed cannot be passed on. */
export type AnswerHeadReading =
  | { readonly kind: 'head'; readonly head: AnswerHead; readonly length: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly detail: string };

const incomplete: AnswerHeadReading = { kind: 'incomplete' };

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([^\r\n]*))?\r\n/;

// RFC 9112 section 4: a reason phrase is made of tabs and visible characters.
const notInReason = /[^\t\u0020-\u007e\u0080-\u00ff]/;

/**
 * Reads the head of an answer to a request with this method, as strictly as that of a request.
 *
 * @param text as latin1, from the first byte of the answer on
 */
export function readAnswerHead(text: string, method: string): AnswerHeadReading {
  const end = text.indexOf('\r\n\r\n');
  const length = end + 4;
  if (end < 0 || length > maxHeadBytes) {
    if (end >= 0 || text.length >= maxHeadBytes) return malformed(`the head is larger than ${maxHeadBytes} bytes`);
    return couldBegin(text) ? incomplete : malformed('it does not begin as HTTP/1.x');
  }
  const line = statusLine.exec(text);
  if (line === null) return malformed('the status line is malformed');
  const reading = readFields(text, line[0].length, end + 2);
  if (reading.kind !== 'fields') return malformed('the headers are malformed');
  const { fields } = reading;
  const status = Number(line[2]);
  const isHttp10 = line[1] === '0';
  if (status === 101) return malformed('it switches protocols unasked');
  // RFC 9110 section 15.2: HTTP/1.0 has no interim answers, and what comes behind one would be none to it.
  if (isHttp10 && status < 200) return malformed('it is an interim answer of HTTP/1.0');

  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let keepAlive = !isHttp10;
  let keepAliveMs: number | undefined;
  for (const { key, value } of fields) {
    switch (key) {
      case 'content-length':
        if (contentLength !== undefined) return malformed('more than one Content-Length');
        contentLength = value;
        break;
      case 'transfer-encoding':
        // An instance that speaks HTTP/1.0 does not know of it (RFC 9112 section 6.1).
        if (transferEncoding !== undefined || isHttp10) return malformed('its Transfer-Encoding is ambiguous');
        transferEncoding = value;
        break;
      case 'connection':
        if (asksToClose(value)) keepAlive = false;
        else if (isHttp10 && /\bkeep-alive\b/i.test(value)) keepAlive = true;
        break;
      case 'keep-alive': {
        const seconds = /\btimeout=(\d{1,6})\b/i.exec(value)?.[1];
        if (seconds !== undefined) keepAliveMs = Number(seconds) * 1_000;
        break;
      }
      default:
    }
  }
  const framing = framingOf(contentLength, transferEncoding, bodyUntilClose);
  if (framing === undefined) return malformed('the length of its body is ambiguous');
  const reason = line[3] ?? '';
  const head = {
    status,
    reason: notInReason.test(reason) ? '' : reason,
    fields,
    framing: isBodiless(method, status) ? noBody : framing,
    keepAlive,
    keepAliveMs,
  };
  return { kind: 'head', head, length };
}

/** RFC 9112 section 6.3, items 1 and 2. */
function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

/** Whether an answer may begin with these bytes, so that what is none is not waited for. */
function couldBegin(text: string): boolean {
  const beginning = 'HTTP/1.';
  const length = Math.min(text.length, beginning.length);
  return text.slice(0, length) === beginning.slice(0, length) && !/(?:^|[^\r])\n/.test(text);
}

function malformed(detail: string): AnswerHeadReading {
  return { kind: 'malformed', detail };
}
