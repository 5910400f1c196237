import { status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ControlPlaneError, type ControlPlaneErrorCode } from '../errors.ts';
import { toServiceError } from './status.ts';

const codes: readonly [ControlPlaneErrorCode, status][] = [
  ['invalid', status.INVALID_ARGUMENT],
  ['not-found', status.NOT_FOUND],
  ['conflict', status.ALREADY_EXISTS],
  ['failed', status.FAILED_PRECONDITION],
  ['unavailable', status.UNAVAILABLE],
  ['unauthenticated', status.UNAUTHENTICATED],
  ['internal', status.INTERNAL],
];

test.each(codes)('an error "%s" becomes its status, with its message', (code, expected) => {
  const error = new ControlPlaneError(code, 'what happened');
  expect(toServiceError(error, pino({ level: 'silent' }))).toMatchObject({ code: expected, details: 'what happened' });
});

test('an error that nobody foresaw becomes INTERNAL, is logged, and is not shown', () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const { code, details } = toServiceError(new Error('a secret of the house'), log);
  expect(code).toBe(status.INTERNAL);
  expect(details).not.toContain('secret');
  expect(lines.join('')).toContain('a secret of the house');
});
