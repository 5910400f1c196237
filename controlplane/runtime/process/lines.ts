import type { Readable } from 'node:stream';

/** Characters after which a line is cut; what follows becomes a line of its own. */
const longestLine = 16 * 1024;

/** Splits UTF-8 text into lines as it arrives: one batch for each chunk that ends a line. Ends with the stream. */
export async function* readLines(stream: Readable): AsyncGenerator<readonly string[]> {
  stream.setEncoding('utf8');
  let rest = '';
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    const full: string[] = lines.flatMap(cut);
    while (rest.length > longestLine) {
      full.push(rest.slice(0, longestLine));
      rest = rest.slice(longestLine);
    }
    if (full.length > 0) yield full;
  }
  if (rest !== '') yield [rest];
}

function cut(line: string): string[] {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (text.length <= longestLine) return [text];
  return Array.from({ length: Math.ceil(text.length / longestLine) }, (_, part) =>
    text.slice(part * longestLine, (part + 1) * longestLine),
  );
}
