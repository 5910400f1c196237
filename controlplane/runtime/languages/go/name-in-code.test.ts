import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameInCode } from './name-in-code.ts';

describe('a Go service is called as its code says', () => {
  test.each([
    ['service := micro.NewService(\n\tmicro.Name("greeter"),\n\tmicro.Version("1"),\n)', 'greeter'],
    ['srv := service.New("greeter")', 'greeter'],
    ['srv := service.New(\n\tservice.Name("go.micro.api.greeter"),\n)', 'go.micro.api.greeter'],
    ['s := web.NewService(web.Name("go.micro.web.blog"), web.Handler(h))', 'go.micro.web.blog'],
    ['s := micro.New("greeter")', 'greeter'],
    ['s := micro.New( // the name\n  `greeter` /* raw */ , micro.Address(":0"))', 'greeter'],
    ['const name = "greeter"\nvar s = micro.NewService(micro.Name(name))', 'greeter'],
    ['const (\n\tname string = "greeter"\n)\nvar s = service.New(name)', 'greeter'],
    ['name := "greeter"\ns := service.New(name)', 'greeter'],
    ['import gomicro "go-micro.dev/v5"\nvar s = gomicro.NewService(gomicro.Name("greeter"))', 'greeter'],
    ['s := micro.NewService(micro.Name("gr\\u0065\\x65ter"))', 'greeter'],
  ])('%s', (code, name) => {
    expect(nameInCode([`package main\n${code}\n`])).toBe(name);
  });

  test('in its first file, with constants of the others', () => {
    expect(nameInCode(['var s = micro.New(name)', 'const name = "greeter"\nvar t = micro.New("other")'])).toBe(
      'greeter',
    );
  });

  test.each([
    '// micro.Name("commented")',
    '/* micro.New("commented") */',
    'text := "micro.Name(\\"in a string\\")"',
    'text := `micro.New("in a raw string")`',
    's := micro.NewService(micro.Name("go.micro." + kind))',
    's := micro.NewService(micro.Name(os.Getenv("NAME")))',
    's := other.Name("not of go-micro")',
    's := a.service.New("a field")',
    'quote := \'"\'; // micro.Name("after a rune")',
    's := service.New()',
    '/* never closed micro.New("x")',
    '"never closed',
  ])('and not by %s', (code) => {
    expect(nameInCode([`package main\n${code}\n`])).toBeUndefined();
  });
});

test.each(['"\\', '`', "'", '/*', 'a = '])('as many %s as fit into a file are read at once', (piece) => {
  expect(nameInCode([piece.repeat(200_000)])).toBeUndefined();
});

test('any text is read to its end', () => {
  const piece = fc.constantFrom(
    '"',
    '`',
    "'",
    '\\',
    '/*',
    '*/',
    '//',
    '\n',
    'micro',
    '.',
    'New',
    '(',
    ')',
    'x',
    'é',
    '😀',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      expect(() => nameInCode([pieces.join('')])).not.toThrow();
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('strings are read with their escapes', () => {
  const name = fc.stringMatching(/^[a-z"\\\u00e9.]{1,12}$/);
  for (const text of fc.sample(name, { seed: 2, numRuns: 20 })) {
    expect(nameInCode([`var s = micro.New(${JSON.stringify(text)})`])).toBe(text);
  }
});
