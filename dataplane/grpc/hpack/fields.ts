import type { Field } from './field.types.ts';

/**
 * What makes a message malformed: a stream error of type PROTOCOL_ERROR (RFC 9113 section 8.1.1). These functions return
 * what is wrong, to be logged, or undefined for a header list that is well-formed.
 */
type Problem = string | undefined;

/** The fields that are looked at together; each was sent at most once. */
interface Head {
  readonly pseudo: ReadonlyMap<string, string>;
  readonly host: string | undefined;
}

const requestPseudo: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path']);
const answerPseudo: ReadonlySet<string> = new Set([':status']);
const noPseudo: ReadonlySet<string> = new Set();

/** RFC 9113 section 8.3.1. `CONNECT` (section 8.5) is well-formed too, in its own form. */
export function requestProblem(fields: readonly Field[]): Problem {
  const head = readHead(fields, requestPseudo);
  if (typeof head === 'string') return head;
  const { pseudo, host } = head;
  const method = pseudo.get(':method') ?? '';
  const path = pseudo.get(':path');
  const authority = pseudo.get(':authority') ?? host ?? '';
  if (!isToken(method)) return ':method is missing or malformed';
  if (!isAuthority(authority)) return ':authority is missing or malformed';
  if (host !== undefined && host !== authority) return 'host differs from :authority';
  if (method === 'CONNECT') {
    if (path !== undefined || pseudo.has(':scheme')) return ':path or :scheme is sent with CONNECT';
    return pseudo.has(':authority') ? undefined : ':authority is missing';
  }
  if (!isScheme(pseudo.get(':scheme') ?? '')) return ':scheme is missing or malformed';
  if (!isPath(path ?? '') && (path !== '*' || method !== 'OPTIONS')) return ':path is missing or malformed';
  return undefined;
}

/** RFC 9113 section 8.3.2, for final and interim answers. */
export function answerProblem(fields: readonly Field[]): Problem {
  const head = readHead(fields, answerPseudo);
  if (typeof head === 'string') return head;
  const status = head.pseudo.get(':status');
  if (status === undefined) return ':status is missing';
  if (!/^[1-9]\d\d$/.test(status)) return ':status is not three digits';
  // There is nothing to switch to from HTTP/2 (section 8.6).
  return status === '101' ? ':status is 101' : undefined;
}

/** RFC 9113 section 8.1, for the trailers of requests and answers: fields without pseudo-headers. */
export function trailersProblem(fields: readonly Field[]): Problem {
  const head = readHead(fields, noPseudo);
  return typeof head === 'string' ? head : undefined;
}

/** @returns what is wrong with one of the fields, where something is */
function readHead(fields: readonly Field[], allowedPseudo: ReadonlySet<string>): Head | string {
  const pseudo = new Map<string, string>();
  let host: string | undefined;
  let pseudoMayCome = true;
  for (const [name, value] of fields) {
    if (!isValue(value)) return `the value of ${printable(name)} has characters that are not allowed`;
    if (name.startsWith(':')) {
      if (!allowedPseudo.has(name)) return `the pseudo-header ${printable(name)} is unknown here`;
      if (!pseudoMayCome) return `${name} comes after other fields`;
      if (pseudo.has(name)) return `${name} is sent twice`;
      pseudo.set(name, value);
      continue;
    }
    pseudoMayCome = false;
    if (!isName(name)) return `the name ${printable(name)} has characters that are not allowed`;
    if (ofConnection.has(name)) return `${name} is of HTTP/1.1 connections`;
    if (name === 'te' && value.toLowerCase() !== 'trailers') return 'te is other than trailers';
    if (name === 'host') {
      if (host !== undefined) return 'host is sent twice';
      host = value;
    }
  }
  return { pseudo, host };
}

/** RFC 9113 section 8.2.2. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9110 section 5.6.2. */
const notInToken = /[^!#$%&'*+.^_`|~0-9A-Za-z-]/;

/** A token without upper case: RFC 9113 section 8.2.1. */
const notInName = /[^!#$%&'*+.^_`|~0-9a-z-]/;

/** RFC 9110 section 5.5. */
const notInValue = /[^\t\u0020-\u007e\u0080-\u00ff]/;

function isToken(text: string): boolean {
  return text !== '' && !notInToken.test(text);
}

function isName(text: string): boolean {
  return text !== '' && !notInName.test(text);
}

/** RFC 3986 section 3.2, without the user, which RFC 9113 section 8.3.1 forbids. */
function isAuthority(text: string): boolean {
  return /^[\w.~!$&'()*+,;=:%[\]-]+$/.test(text);
}

/** RFC 3986 section 3.1. */
function isScheme(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*$/.test(text);
}

/** Nearly anything, as servers take it, but no white space. */
function isPath(text: string): boolean {
  return /^\/[\u0021-\u007e\u0080-\u00ff]*$/.test(text);
}

/** RFC 9113 section 8.2.1: white space may stand within a value, not around it. */
function isValue(text: string): boolean {
  return !isBlank(text.charCodeAt(0)) && !isBlank(text.charCodeAt(text.length - 1)) && !notInValue.test(text);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Of what a stranger sent, as much as a line of a log should have. */
function printable(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
