/** One header line of a message. */
export interface Field {
  /** As it was sent. */
  readonly name: string;
  /** The name in lower case, to compare by. */
  readonly key: string;
  readonly value: string;
}

/** Header lines in the order in which they were sent; a name may come more than once. */
export type Fields = readonly Field[];

/** Header lines in the form in which Node's own HTTP takes them. */
export type FieldRecord = Record<string, string | string[]>;

export function field(name: string, value: string): Field {
  return { name, key: name.toLowerCase(), value };
}

/** The fields of Node's flat `rawHeaders` or `rawTrailers`, without the pseudo-headers of HTTP/2. */
export function fieldsOfRaw(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (!name.startsWith(':')) fields.push(field(name, raw[index + 1] as string));
  }
  return fields;
}

/** The fields of a message that Node received over HTTP/2, without its pseudo-headers. */
export function fieldsOfRecord(record: Readonly<Record<string, string | string[] | number | undefined>>): Field[] {
  return Object.entries(record).flatMap(([name, value = []]) =>
    name.startsWith(':') ? [] : [value].flat().map((each) => field(name, String(each))),
  );
}

/** The value of a field that was sent once; undefined for one that was not, or more than once. */
export function onlyValueOf(fields: Fields, key: string): string | undefined {
  let value: string | undefined;
  for (const candidate of fields) {
    if (candidate.key !== key) continue;
    if (value !== undefined) return undefined;
    value = candidate.value;
  }
  return value;
}

/** The values of a field, in their order. */
export function valuesOf(fields: Fields, key: string): string[] {
  return fields.filter((candidate) => candidate.key === key).map(({ value }) => value);
}

/**
 * Fields of one name beside each other, where the first of them stands and spelled as it is: how Node sends them, with
 * all cookies in one (RFC 6265 section 5.4). The order of
 * different names has no meaning (RFC 9110 section 5.3).
 */
export function grouped(fields: Fields): Fields {
  for (let index = 1; index < fields.length; index += 1) {
    const { key, name } = fields[index] as Field;
    const last = fields[index - 1] as Field;
    if (last.key === key) {
      if (last.name === name && key !== 'cookie') continue;
      return regrouped(fields);
    }
    for (let before = 0; before < index - 1; before += 1) if (fields[before]?.key === key) return regrouped(fields);
  }
  return fields;
}

function regrouped(fields: Fields): Fields {
  const groups = new Map<string, Field[]>();
  for (const each of fields) {
    const group = groups.get(each.key);
    const first = group?.[0];
    if (!group || !first) groups.set(each.key, [each]);
    else if (each.key === 'cookie') group[0] = { ...first, value: `${first.value}; ${each.value}` };
    else group.push({ ...each, name: first.name });
  }
  return [...groups.values()].flat();
}

/** For a message that Node sends over HTTP/1.1: names as they were sent. */
export function recordOf(fields: Fields): FieldRecord {
  const record: FieldRecord = {};
  const names = new Map<string, string>();
  for (const { name, key, value } of fields) {
    const known = names.get(key);
    if (known === undefined) {
      names.set(key, name);
      record[name] = value;
    } else record[known] = [record[known] ?? [], value].flat();
  }
  return record;
}

/** What `node:http2` throws on when it is to be sent twice (`kSingleValueHeaders` of its lib/internal/http2/util.js). */
const sentOnceOverHttp2: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);

/**
 * For a message that Node sends over HTTP/2, where names are in lower case (RFC 9113 section 8.2.1). Of a field that can be
 * sent once only the first counts, as it does for Node's own HTTP.
 */
export function http2RecordOf(fields: Fields): FieldRecord {
  const record = recordOf(fields.map(({ key, value }) => ({ name: key, key, value })));
  for (const [name, value] of Object.entries(record))
    if (Array.isArray(value) && sentOnceOverHttp2.has(name)) record[name] = value[0] ?? '';
  return record;
}
