import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import type { Field } from './field.types.ts';
import { HpackError } from './hpack-error.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

const decoderOf = (maxTableBytes = 4_096, maxListBytes = 16_384) => new HpackDecoder({ maxTableBytes, maxListBytes });

const decode = (decoder: HpackDecoder, hex: string): Field[] | 'too-large' => {
  const block = bytes(hex);
  return decoder.decode(block, 0, block.length);
};

describe('the examples of RFC 7541 appendix C', () => {
  test('C.1: integers', () => {
    expect(decode(decoderOf(10), '2a')).toEqual([]);
    expect(() => decode(decoderOf(9), '2a')).toThrow(HpackError);
    expect(decode(decoderOf(1_337), '3f 9a0a')).toEqual([]);
    expect(() => decode(decoderOf(1_336), '3f 9a0a')).toThrow(HpackError);
    expect(decode(decoderOf(), 'aa')).toEqual([['if-range', '']]);
  });

  test.each<[string, string, Field, boolean]>([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key', 'custom-header'],
      false,
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path'], true],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret', true], true],
    ['C.2.4', '82', [':method', 'GET'], true],
  ])('%s: one field', (_section, hex, field, standsAlone) => {
    const decoder = decoderOf();
    expect(decode(decoder, hex)).toEqual([field]);
    expect(decoder.lastStoodAlone).toBe(standsAlone);
  });

  const requestLists: Field[][] = [
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
    ],
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
      ['cache-control', 'no-cache'],
    ],
    [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/index.html'],
      [':authority', 'www.example.com'],
      ['custom-key', 'custom-value'],
    ],
  ];

  const answerLists: Field[][] = [
    [
      [':status', '302'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ],
    [
      [':status', '307'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ],
    [
      [':status', '200'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
      ['location', 'https://www.example.com'],
      ['content-encoding', 'gzip'],
      ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
    ],
  ];

  test.each<[string, number, Field[][], string[]]>([
    [
      'C.3: requests without Huffman coding',
      4_096,
      requestLists,
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4: requests with Huffman coding',
      4_096,
      requestLists,
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
    [
      'C.5: answers without Huffman coding, out of whose table fields fall',
      256,
      answerLists,
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d
         546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f
         6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b
         2076 6572 7369 6f6e 3d31`,
      ],
    ],
    [
      'C.6: answers with Huffman coding, out of whose table fields fall',
      256,
      answerLists,
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
         8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335
         dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
    ],
  ])('%s', (_about, tableBytes, lists, blocks) => {
    const decoder = decoderOf(tableBytes);
    expect(blocks.map((hex) => decode(decoder, hex))).toEqual(lists);
  });
});

test.each([
  ['index 0', '80'],
  ['an index beyond the static table, with nothing in the other', 'be'],
  ['a name whose index is in no table', '7e 0161'],
  ['an integer of more than 28 bits', 'ff 8080808080 00'],
  ['an integer that overflows', 'ff ffffffffffffffffff 7f'],
  ['a table size above the settings', '3f e21f'],
  ['a table size update after a field', '82 20'],
  ['an integer that is cut off', 'ff 80'],
  ['an index without its name', '40'],
  ['a name that is cut off', '40 0561'],
  ['a name without a value', '40 0161'],
  ['a value that is cut off', '04 052f'],
  ['a length that is cut off', '04 7f'],
  ['a Huffman string with EOS in it', '04 84ffffffff'],
  ['a Huffman string that ends in EOS', '04 84fffffffc'],
  ['a Huffman string with an octet of padding', '04 821fff'],
  ['a Huffman string of padding alone', '04 81ff'],
  ['a Huffman string padded with zeros', '04 8118'],
  ['a Huffman string that ends within a long code', '04 82fff8'],
])('%s is malformed', (_about, hex) => {
  expect(() => decode(decoderOf(), hex)).toThrow(expect.objectContaining({ code: 'COMPRESSION_ERROR' }));
});

test('only the named part of the buffer is read', () => {
  const around = bytes('ff 82 04 01 2f ff');
  expect(decoderOf().decode(around, 1, 5)).toEqual([
    [':method', 'GET'],
    [':path', '/'],
  ]);
  expect(() => decoderOf().decode(around, 1, 4)).toThrow(HpackError);
});

describe('the size of the table', () => {
  const add = (name: string) => `40 01${Buffer.from(name).toString('hex')} 00`;

  test('a field that is larger than the table empties it', () => {
    const decoder = decoderOf(40);
    decode(decoder, add('a'));
    expect(decode(decoder, 'be')).toEqual([['a', '']]);
    decode(decoder, '40 0961 6161 6161 6161 6161 00');
    expect(() => decode(decoder, 'be')).toThrow(HpackError);
  });

  test('an update drops the oldest fields', () => {
    const decoder = decoderOf();
    decode(decoder, add('a') + add('b'));
    expect(decode(decoder, '3f03 be')).toEqual([['b', '']]);
    expect(() => decode(decoder, 'bf')).toThrow(HpackError);
  });

  test('a lower setting is followed by an update to at most that, and then any up to the setting', () => {
    const owing = () => {
      const decoder = decoderOf();
      decoder.setMaxTableBytes(16);
      decoder.setMaxTableBytes(64);
      return decoder;
    };
    expect(() => decode(owing(), '82')).toThrow(HpackError);
    expect(() => decode(owing(), '')).toThrow(HpackError);
    expect(() => decode(owing(), '31')).toThrow(HpackError);
    expect(() => decode(owing(), '30 3f22')).toThrow(HpackError);
    const decoder = owing();
    expect(decode(decoder, '30 3f21 82')).toEqual([[':method', 'GET']]);
    expect(decode(decoder, '82')).toEqual([[':method', 'GET']]);
  });

  test('a setting that the peer is below already asks for no update', () => {
    const decoder = decoderOf();
    decode(decoder, '20');
    decoder.setMaxTableBytes(16);
    expect(decode(decoder, '82')).toEqual([[':method', 'GET']]);
  });
});

test('a block stands alone that neither uses the dynamic table nor changes it', () => {
  const decoder = decoderOf();
  const standsAlone = (hex: string): boolean => {
    decode(decoder, hex);
    return decoder.lastStoodAlone;
  };
  expect(standsAlone('82 04012f 1001610162')).toBe(true);
  expect(standsAlone('82 40016100')).toBe(false);
  expect(standsAlone('be')).toBe(false);
  expect(standsAlone('0f2f 00')).toBe(false);
  expect(standsAlone('20')).toBe(false);
  // What does not fit into the table is not added.
  expect(standsAlone('40016100')).toBe(true);
});

describe('a list that is too large', () => {
  test('is told from one that just fits', () => {
    // 7 + 3 + 32, and 5 + 1 + 32
    expect(decode(decoderOf(4_096, 80), '82 84')).toHaveLength(2);
    expect(decode(decoderOf(4_096, 79), '82 84')).toBe('too-large');
  });

  test('leaves the table in step', () => {
    const decoder = decoderOf(4_096, 40);
    expect(decode(decoder, '82 82 40 0161 0162')).toBe('too-large');
    expect(decode(decoder, 'be')).toEqual([['a', 'b']]);
  });
});

test('whatever octets come, nothing but an HpackError is thrown and no more than the bound is returned', () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom('82', 'be', 'bf', '40 0161 0162', '7e 0163', '20', '3fe11f', '04 8263ff', '04 82').map(bytes),
  );
  fc.assert(
    fc.property(fc.array(fc.array(pieces, { maxLength: 12 }), { maxLength: 5 }), (blocks) => {
      const decoder = decoderOf(200, 500);
      try {
        for (const block of blocks) {
          const octets = Buffer.concat(block);
          const fields = decoder.decode(octets, 0, octets.length);
          if (fields === 'too-large') continue;
          expect(fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)).toBeLessThan(501);
        }
      } catch (error) {
        if (!(error instanceof HpackError)) throw error;
      }
    }),
    { seed: 7541, numRuns: 2_000 },
  );
});
