/** A piece of Go source, as far as names are looked for in it: https://go.dev/ref/spec#Lexical_elements */
export type Token =
  | { readonly type: 'identifier'; readonly text: string }
  /** Its value, with escapes resolved. */
  | { readonly type: 'string'; readonly text: string }
  /** One character of anything else. */
  | { readonly type: 'other'; readonly text: string };

/**
 * In this order, so that what looks like a string within a comment is none, and the other way round. One that is never
 * closed is taken to its end all the same: tried anew from each quote in it, it would be read a million times.
 */
const lexeme = new RegExp(
  [
    String.raw`(?<skipped>\s+|//[^\n]*|/\*[^]*?(?:\*/|$))`,
    String.raw`(?<rune>'(?:[^'\\\n]|\\.)*'?)`,
    String.raw`(?<raw>${'`[^`]*`?'})`,
    String.raw`(?<text>"(?:[^"\\\n]|\\.)*"?)`,
    String.raw`(?<identifier>[\p{L}_][\p{L}\p{Nd}_]*)`,
    String.raw`(?<other>[^])`,
  ].join('|'),
  'gu',
);

/** Takes Go source apart. Whatever the text is, it ends, after time that grows with its length alone. */
export function* readTokens(source: string): Generator<Token> {
  for (const { groups = {} } of source.matchAll(lexeme)) {
    const { raw, text, identifier, rune, other } = groups;
    if (raw !== undefined) yield { type: 'string', text: raw.replaceAll(/[`\r]/g, '') };
    else if (text !== undefined) yield { type: 'string', text: unescape(text.slice(1, -1)) };
    else if (identifier !== undefined) yield { type: 'identifier', text: identifier };
    else if (rune !== undefined) yield { type: 'other', text: rune };
    else if (other !== undefined) yield { type: 'other', text: other };
  }
}

/** Names of services hold nothing that needs an escape but `\"`, `\\` and characters by their numbers. */
function unescape(text: string): string {
  return text.replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|(.))/g, (_, byte?: string, unit?: string, plain = '') => {
    const number = byte ?? unit;
    return number === undefined ? plain : String.fromCharCode(Number.parseInt(number, 16));
  });
}
