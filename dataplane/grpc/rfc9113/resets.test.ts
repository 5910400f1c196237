import { expect, test } from 'vitest';
import { answerHead, answerTrailers, call, code, data, flag, headers, rstStream, type } from './frames.fixture.ts';
import { type RawPeer, rawClient, startRawLane } from './raw-peer.fixture.ts';

/** How far a call has come: what the client sent, and what the instance did. */
const states = [
  { name: 'the request has begun', request: [headers(1, call())], answer: [] },
  { name: 'the request is half sent', request: [headers(1, call()), data(1, 'half')], answer: [] },
  { name: 'the request is whole', request: [headers(1, call(), flag.endStream)], answer: [] },
  { name: 'the answer has begun', request: [headers(1, call(), flag.endStream)], answer: [headers(1, answerHead)] },
  {
    name: 'both are under way',
    request: [headers(1, call()), data(1, 'half')],
    answer: [headers(1, answerHead), data(1, 'half')],
  },
];

interface Ends {
  readonly client: RawPeer;
  readonly served: RawPeer;
}

async function ends({ request, answer }: (typeof states)[number]): Promise<Ends> {
  const { dataPlane, instance } = await startRawLane();
  const client = await rawClient(dataPlane);
  await client.send(...request);
  const served = await instance.connection();
  await served.next(type.headers, 1);
  await served.send(...answer);
  if (answer.length > 0) await client.next(type.headers, 1);
  return { client, served };
}

/** Another call goes through on the same connections. */
async function expectGoesOn({ client, served }: Ends): Promise<void> {
  await client.send(headers(3, call(), flag.endStream));
  await served.next(type.headers, 3);
  await served.send(headers(3, [...answerHead, ...answerTrailers], flag.endStream));
  expect(client.fields(await client.next(type.headers, 3))).toMatchObject({ 'grpc-status': '0' });
}

test.each(states)('a client resets a call when $name', async (state) => {
  const both = await ends(state);
  await both.client.send(rstStream(1, code.cancel));
  expect(await both.served.reset(1)).toBe(code.cancel);
  await expectGoesOn(both);
});

test.each(states)('an instance resets a call when $name', async (state) => {
  const both = await ends(state);
  await both.served.send(rstStream(1, code.enhanceYourCalm));
  expect(await both.client.reset(1)).toBe(code.enhanceYourCalm);
  await expectGoesOn(both);
});

test.each(states)('a client is gone when $name', async (state) => {
  const { client, served } = await ends(state);
  client.socket.destroy();
  expect(await served.reset(1)).toBe(code.cancel);
  await served.settled();
});

test.each(states)('an instance is gone when $name', async (state) => {
  const { client, served } = await ends(state);
  served.socket.destroy();
  const { flags } = await client.next(type.headers, 1);
  expect(flags & flag.endStream).toBe(flag.endStream);
  await client.settled();
});

test('section 8.1: an answer before the end of the request, and NO_ERROR for the rest of that', async () => {
  const both = await ends({
    name: '',
    request: [headers(1, call()), data(1, 'half')],
    answer: [headers(1, answerHead)],
  });
  const { client, served } = both;
  await served.send(data(1, 'answer'), headers(1, answerTrailers, flag.endStream), rstStream(1, code.noError));
  expect((await client.next(type.data, 1)).payload.toString()).toBe('answer');
  expect((await client.next(type.headers, 1)).flags & flag.endStream).toBe(flag.endStream);
  expect(await client.reset(1)).toBe(code.noError);
  // On its way.
  await client.send(data(1, 'other half', flag.endStream));
  await expectGoesOn(both);
});
