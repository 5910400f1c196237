// RFC 9110 section 7.6.1, and the older ones that recipients still act on.
const hopByHop = new Set([
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

/** Names are in lower case. */
export type HeaderFields = Record<string, string | string[]>;

/** A copy without pseudo-headers and what is meant for this connection only, by its nature or named by `Connection`. */
export function stripHopByHop(headers: Readonly<Record<string, string | string[] | number | undefined>>): HeaderFields {
  const { connection } = headers;
  const named = new Set(typeof connection === 'string' ? connection.toLowerCase().split(/\s*,\s*/) : []);
  const kept: HeaderFields = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || hopByHop.has(name) || named.has(name)) continue;
    kept[name] = typeof value === 'number' ? String(value) : value;
  }
  return kept;
}
