import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { OutgoingRequest } from './outgoing-request.ts';

function outgoingOn(stream: PassThrough): OutgoingRequest {
  return new OutgoingRequest(stream, { hasBody: false, isStale: () => false });
}

/** `once` of Node would reject with the error that comes before. */
const closed = (stream: PassThrough) => new Promise((resolve) => stream.once('close', resolve));

const answerOf = (body: PassThrough) => ({ status: 200, fields: [], body, isWhole: () => true, trailers: () => [] });

test('a request that is done is left to close by itself: HTTP/2 instances end connections on which many are reset', async () => {
  const stream = new PassThrough({ autoDestroy: false });
  const outgoing = outgoingOn(stream);
  outgoing.answered(answerOf(stream));
  stream.resume();
  outgoing.end();
  await once(stream, 'end');
  outgoing.destroy();
  expect(stream.destroyed).toBe(false);
});

test('a request whose answer has not ended is destroyed', () => {
  const stream = new PassThrough();
  const outgoing = outgoingOn(stream);
  outgoing.answered(answerOf(stream));
  outgoing.end();
  outgoing.destroy();
  expect(stream.destroyed).toBe(true);
});

test('a request fails once, and not any more when it is answered', async () => {
  const failures: Error[] = [];
  const failing = new PassThrough();
  outgoingOn(failing).on('error', (error: Error) => failures.push(error));
  failing.destroy(new Error('reset'));
  await closed(failing);
  const answered = new PassThrough();
  const outgoing = outgoingOn(answered).on('error', (error: Error) => failures.push(error));
  outgoing.answered(answerOf(answered));
  answered.destroy(new Error('reset'));
  await closed(answered);
  expect(failures.map(({ message }) => message)).toEqual(['reset']);
});
