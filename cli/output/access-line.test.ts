import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { accessLine } from './access-line.ts';

const entry = {
  type: 'access',
  time: '2026-11-23T23:01:02.345Z',
  method: 'GET',
  path: '/api/clock/time',
  service: 'go.micro.api.clock',
  instance: '127.0.0.1:43957',
  status: 200,
  durationMs: 3.21,
};

test('a request is one short line', () => {
  const line = stripVTControlCharacters(accessLine(JSON.stringify(entry)));
  expect(line).toBe('23:01:02 GET /api/clock/time 200 3 ms 127.0.0.1:43957\n');
});

test('a request that reached no instance has a line too', () => {
  const { service: _service, instance: _instance, ...rest } = entry;
  const line = stripVTControlCharacters(accessLine(JSON.stringify({ ...rest, status: 404 })));
  expect(line).toBe('23:01:02 GET /api/clock/time 404 3 ms\n');
});

test("the reader's own commands are left out", () => {
  expect(accessLine(JSON.stringify({ ...entry, service: 'micro.runtime.v1' }))).toBe('');
});
