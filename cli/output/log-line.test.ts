import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { LogStream, type LogsResponse } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { LogLines } from './log-line.ts';

const { LOG_STREAM_STDERR, LOG_STREAM_STDOUT } = LogStream;
const line = (instance: string, stream: LogStream = LOG_STREAM_STDOUT): LogsResponse => ({
  instance,
  stream,
  timeUnixMs: 1_767_225_600_000n,
  line: 'ready',
});

test('a line has its time and instance in front, and no colour where that was not asked for', () => {
  expect(new LogLines().show(line('node-1/1', LOG_STREAM_STDERR), false)).toBe(
    '2026-01-01T00:00:00.000Z node-1/1 ready\n',
  );
});

test('in colour, an instance keeps the one it had first', () => {
  const lines = new LogLines();
  const [one = '', two = '', again] = ['node-1/1', 'node-1/2', 'node-1/1'].map((of) => lines.show(line(of), true));
  expect(stripVTControlCharacters(one)).toBe('2026-01-01T00:00:00.000Z node-1/1 | ready\n');
  expect(stripVTControlCharacters(two)).toBe('2026-01-01T00:00:00.000Z node-1/2 | ready\n');
  expect(two.replace('/2', '/1')).not.toBe(one);
  expect(again).toBe(one);
});
