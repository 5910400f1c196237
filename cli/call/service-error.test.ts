import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { serviceErrorJson } from './service-error.ts';

const goMicro = '{"id":"go.micro.service.greeter","code":418,"detail":"short and stout","status":"I\'m a teapot"}';

test.each([
  ["go-micro's error stays as it is", status.INTERNAL, goMicro, goMicro],
  ['text', status.NOT_FOUND, 'no Ada', '{"id":"greeter","code":404,"detail":"no Ada","status":"Not Found"}'],
  ['no text', status.UNKNOWN, '', '{"id":"greeter","code":500,"detail":"","status":"Internal Server Error"}'],
  ['other JSON', status.ABORTED, '{"a":1}', '{"id":"greeter","code":409,"detail":"{\\"a\\":1}","status":"Conflict"}'],
  ['null', status.CANCELLED, 'null', '{"id":"greeter","code":499,"detail":"null","status":""}'],
])('%s', (_what, code, details, json) => {
  expect(serviceErrorJson({ code, details }, 'greeter')).toBe(json);
});
