/** What one side sees of a message. */
export interface Seen {
  /** Method and target of a request, status and reason phrase of an answer. */
  readonly line: string;
  /** Names and values in turn, as they came. */
  readonly fields: readonly string[];
  /** As far as it came, without its framing; bytes as latin1. */
  body: string;
  isWhole: boolean;
}

/** The data of a chunked body, as far as it came, of what the fast lane passes on: without extensions. */
export function dechunked(text: string): string {
  let data = '';
  let rest = text;
  for (;;) {
    const line = /^([\da-f]+)\r\n/i.exec(rest);
    if (line === null) return data;
    const size = Number.parseInt(line[1] as string, 16);
    data += rest.slice(line[0].length, line[0].length + size);
    rest = rest.slice(line[0].length + size + 2);
  }
}
