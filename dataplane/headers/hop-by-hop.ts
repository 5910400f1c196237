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

/** A copy without pseudo-headers and what is meant for this connection only, by its nature or named by `Connection`. */
export function stripHopByHop<Headers extends Readonly<Record<string, string | string[] | number | undefined>>>(
  headers: Headers,
): Record<string, string | string[]> {
  const named = String(headers['connection'] ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || hopByHop.has(name) || named.includes(name)) continue;
    kept[name] = typeof value === 'number' ? String(value) : value;
  }
  return kept;
}
