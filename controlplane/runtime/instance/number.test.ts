import { expect, test } from 'vitest';
import { resolveInstance } from './number.ts';

const options = { service: 'go.micro.api.clock', node: 'node-1', known: [2, 1, 2] };

test('an instance is named by its number, or as it is shown', () => {
  expect(resolveInstance('2', options)).toBe(2);
  expect(resolveInstance('node-1/1', options)).toBe(1);
});

test.each(['3', 'node-2/1', '01', '', '../1'])('"%s" is none, and those that there are are named', (name) => {
  expect(() => resolveInstance(name, options)).toThrow(
    `go.micro.api.clock has no instance ${JSON.stringify(name)}: it has node-1/1, node-1/2`,
  );
});
