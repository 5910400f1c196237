import * as fc from 'fast-check';

// What may come over a wire: messages put together from their parts, each of which is now and then an odd one, and then
// sometimes disturbed. All of it is bytes as latin1.

/** Bytes in the pieces in which they come. */
export interface Pieces {
  readonly bytes: string;
  /** Where they are cut: each is a share of the length, in thousandths. */
  readonly cuts: readonly number[];
}

export function characters(all: string): fc.Arbitrary<string> {
  return fc.constantFrom(...all.split(''));
}

/** One of the usual, and one time in so many an odd one. */
export function seldom(oneIn: number, usual: fc.Arbitrary<string>, odd: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: oneIn - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

export function pieces(bytes: fc.Arbitrary<string>): fc.Arbitrary<Pieces> {
  return fc.record({ bytes, cuts: fc.array(fc.integer({ min: 1, max: 999 }), { maxLength: 6 }) });
}

/** The pieces, as they come one after the other; one byte each, or two thousand of them, where the cuts are [0]. */
export function cut({ bytes, cuts }: Pieces): Buffer[] {
  const whole = Buffer.from(bytes, 'latin1');
  const size = Math.ceil(whole.length / 2_000);
  const places =
    cuts[0] === 0
      ? Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => index * size)
      : cuts.map((share) => Math.floor((share * whole.length) / 1_000));
  const ends = [...new Set([...places, whole.length])].filter((end) => end > 0).toSorted((a, b) => a - b);
  return ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
}

const oddBytes = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '\x0b',
  '\x0c',
  '\x1b',
  '\x7f',
  '\x80',
  '\xff',
  '0',
  'a',
  'F',
  '-',
  '+',
  '"',
  '\\',
  '/',
  '\r\n ',
  '\r\n\t',
  '\n\n',
  '\r\r\n',
  '\u00a0',
  '\u0085',
);

/** Now and then with a few bytes put in, taken away, or said twice. */
export function disturbed(message: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const change = fc.tuple(place, fc.constantFrom('insert', 'replace', 'remove', 'repeat'), oddBytes);
  const changes = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
  );
  return fc.tuple(message, changes).map(([text, all]) =>
    all.reduce((before, [share, how, odd]) => {
      const at = Math.floor(share * before.length);
      const behind = before.slice(at + (how === 'insert' || how === 'repeat' ? 0 : 1));
      if (how === 'repeat') return before.slice(0, at) + before.slice(at, at + 8) + behind;
      return before.slice(0, at) + (how === 'remove' ? '' : odd) + behind;
    }, text),
  );
}

export const lineEnd = seldom(
  120,
  fc.constant('\r\n'),
  fc.constantFrom('\n', '\r', '\r\r\n', '\n\r', ' \r\n', '\0\r\n'),
);

const token = fc.string({
  unit: characters(`!#$%&'*+-.^_\`|~019azAZx`),
  minLength: 1,
  maxLength: 8,
});
const visibleText = fc.string({ unit: characters('aZ09 \t:;,="/\\\u0080\u00e9\u00ff'), maxLength: 12 });

const fieldName = seldom(
  60,
  fc.oneof(token, fc.constantFrom('Accept', 'X-Forwarded-For', 'cookie', 'Cookie', 'X-A', 'x-a', 'TE', 'Via')),
  fc.constantFrom('', ' X', 'X ', 'X\t', 'X(', 'X\u00e9', 'X\0', '"X"', 'X/Y', 'X@', 'Content Length', '\tX'),
);
const fieldValue = seldom(
  60,
  visibleText,
  fc.oneof(
    fc.constantFrom('a\0b', 'a\x7fb', 'a\x1bb', 'a\rb', 'a\nb', 'a\r\n b', 'a\r\n\tb', '\x0b', '\x01'),
    fc.constant('x'.repeat(9_000)),
  ),
);
const plainField = fc.tuple(fieldName, fc.constantFrom(':', ': ', ':\t', ':  '), fieldValue).map(join);

/** Fields that say how a message is framed or a connection used, each in one of the forms that parsers disagree about. */
const framingField = fc
  .tuple(
    fc.constantFrom('Content-Length', 'content-length', 'Transfer-Encoding', 'TRANSFER-ENCODING', 'Connection'),
    fc.constantFrom(':', ': ', ' :', ':\t', ': \x0b'),
    fc.constantFrom(
      '0',
      '3',
      '5',
      '+3',
      '-1',
      '0x3',
      '3 3',
      '3,3',
      '3, 3',
      '003',
      '',
      ' ',
      '9007199254740993',
      '99999999999999999999',
      'chunked',
      'Chunked',
      'chunked ',
      'chunked,',
      ', chunked',
      'chunked, chunked',
      'gzip, chunked',
      'chunked, gzip',
      'identity',
      'x-chunked',
      'chunked;a=b',
      '"chunked"',
      'chunk',
      'chunked\x0b',
      '\u0000chunked',
      'gzip',
      'close',
      'keep-alive',
      'close, keep-alive',
      'Close',
      'upgrade',
      'content-length',
      'transfer-encoding',
      'host',
    ),
  )
  .map(join);

const chunkSize = seldom(
  60,
  fc.constantFrom('', '0', '00'),
  fc.constantFrom('+', '-', ' ', '0x', '00000000000', 'F0000000000000000', 'g', '\t', '\n'),
);
const chunkEnd = seldom(60, fc.constant(''), fc.constantFrom(';a=b', ';', ' ', ';a="\r\n"', '\t', ' ;a', ',', '\0'));

/** A chunked body, with trailers now and then. */
const chunks: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.tuple(chunkSize, fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 20 }), chunkEnd, lineEnd), {
      maxLength: 4,
    }),
    seldom(40, fc.constantFrom('0', '00', '0000'), fc.constantFrom('', '0;a', '-0', '0 ', ' 0')),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.array(fc.oneof(plainField, framingField), { minLength: 1, maxLength: 3 }).map(lines) },
    ),
    lineEnd,
  )
  .map(
    ([all, last, trailers, end]) =>
      `${all.map(([zeros, data, more, line]) => `${zeros}${data.length.toString(16)}${more}${line}${data}${line}`).join('')}${last}\r\n${trailers}${end}`,
  );

/** A body with the field that frames it. */
export const framed: fc.Arbitrary<readonly [field: string, body: string]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(['', ''] as const) },
  {
    weight: 3,
    arbitrary: fc
      .string({ unit: 'binary-ascii', maxLength: 40 })
      .map((body) => [`Content-Length: ${body.length}`, body] as const),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('chunked', 'Chunked', 'CHUNKED '), chunks)
      .map(([coding, body]) => [`Transfer-Encoding: ${coding}`, body] as const),
  },
);

/** Puts a field anywhere among others, and odd ones beside it one time in ten. */
export function fieldsWith(field: string, needed: readonly string[] = []): fc.Arbitrary<string> {
  const others = fc.array(plainField, { maxLength: 5 });
  const odd = fc.oneof(
    { weight: 9, arbitrary: fc.constant([] as string[]) },
    { weight: 1, arbitrary: fc.array(framingField, { minLength: 1, maxLength: 2 }) },
  );
  return fc
    .tuple(others, odd, lineEnd)
    .chain(([some, more, end]) =>
      fc.tuple(
        fc.shuffledSubarray([...some, ...more, ...needed, ...(field === '' ? [] : [field])], {
          minLength: some.length + more.length + needed.length + (field === '' ? 0 : 1),
        }),
        fc.constant(end),
      ),
    )
    .map(([all, end]) => all.map((each, index) => each + (index === 0 ? end : '\r\n')).join(''));
}

export function join(parts: readonly string[]): string {
  return parts.join('');
}

function lines(fields: readonly string[]): string {
  return fields.map((each) => `${each}\r\n`).join('');
}
