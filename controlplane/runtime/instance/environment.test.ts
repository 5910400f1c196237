import { expect, test } from 'vitest';
import { checkEnvironment } from './environment.ts';

test.each([
  [{ 'A B': '' }, 'the environment variable "A B" is misnamed'],
  [{ '1A': '' }, 'is misnamed'],
  [{ '': '' }, 'is misnamed'],
  [{ PORT: '80' }, '"PORT" is set by the server'],
  [{ MICRO_STARTED_BY: 'me' }, '"MICRO_STARTED_BY" is set by the server'],
  [{ A: 'a\0b' }, '"A" holds a zero byte'],
  [{ A: 'x'.repeat(65_536) }, 'has 65537 bytes, more than 65536'],
])('an environment that no instance can have is refused: %#', (environment, message) => {
  expect(() => checkEnvironment(environment)).toThrow(expect.objectContaining({ code: 'invalid' }));
  expect(() => checkEnvironment(environment)).toThrow(message);
});

test('a value is never repeated in a message, as it may be a secret', () => {
  expect(() => checkEnvironment({ A: 'secret\0' })).not.toThrow('secret');
  expect(() => checkEnvironment({ NODE_ENV: 'test', PATH: '/bin', _a1: '' })).not.toThrow();
});
