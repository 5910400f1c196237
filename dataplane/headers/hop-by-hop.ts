import type { Field, Fields } from './fields.ts';

/** What is meant for one connection only: RFC 9110 section 7.6.1, and the older ones that recipients still act on. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * Names of fields that `Connection` declares to be for this connection only; undefined when it names none. Framing is
 * never among them: a body whose length is dropped is a second request to whoever comes next.
 */
export function namedByConnection(fields: Fields): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (const { key, value } of fields) {
    if (key !== 'connection' || value === 'keep-alive' || value === 'close') continue;
    for (const token of value.toLowerCase().split(',')) {
      const name = token.trim();
      if (name !== 'content-length') (named ??= new Set()).add(name);
    }
  }
  return named;
}

/** Without what is meant for this connection only. */
export function endToEnd(fields: Fields): Field[] {
  const named = namedByConnection(fields);
  return fields.filter(({ key }) => !hopByHop.has(key) && !named?.has(key));
}
