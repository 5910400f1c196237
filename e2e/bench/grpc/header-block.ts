/** Those of the static table that are sent here, by their index: RFC 7541, appendix A. */
const staticFields = new Map([
  [':method: POST', 3],
  [':scheme: http', 6],
  [':status: 200', 8],
]);
const staticNames = new Map([
  [':authority', 1],
  [':path', 4],
]);

/**
 * Fields as they stand in a HEADERS frame: indexed where the static table has them, else as literals that no table is
 * to remember, in plain ASCII (RFC 7541, section 6.2.2). So it is the same on every connection and whatever was sent
 * before, and a value can be replaced by one of its length.
 *
 * @param fields with names and values of at most 126 bytes
 */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(fields).map(([name, value]) => encodeField(name, value)));
}

function encodeField(name: string, value: string): Buffer {
  const field = staticFields.get(`${name}: ${value}`);
  if (field !== undefined) return Buffer.from([0x80 | field]);
  const index = staticNames.get(name);
  const encodedName = index === undefined ? [0, name.length, ...Buffer.from(name)] : [index];
  return Buffer.from([...encodedName, value.length, ...Buffer.from(value)]);
}
