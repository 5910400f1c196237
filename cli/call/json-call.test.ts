import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Metadata, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { invokeJson } from './json-call.ts';

/** Calls a server that answers like this. Returns what it answered. */
async function callOf(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void | Promise<void>,
  { timeoutMs = 5_000, metadata = new Metadata() } = {},
): Promise<string[]> {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    void answer(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const answers: string[] = [];
  for await (const one of invokeJson(address, '/acme.Users/Get', '{"id":1}', metadata, timeoutMs)) answers.push(one);
  return answers;
}

const framed = (text: string): Buffer => {
  const message = Buffer.from(text);
  return Buffer.concat([Buffer.from([0, 0, 0, message.length >> 8, message.length & 255]), message]);
};

function respond(stream: ServerHttp2Stream, trailers: Record<string, string>): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+json' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
}

test('a message goes as JSON, and answers come so, however they are cut', async () => {
  let asked: unknown;
  const metadata = new Metadata();
  metadata.set('tenant', 'acme');
  metadata.set('key-bin', Buffer.from([0, 255]));
  const answers = await callOf(
    async (stream, headers) => {
      asked = { ...headers, body: await buffer(stream) };
      respond(stream, { 'grpc-status': '0' });
      for (const byte of Buffer.concat([framed('{"a":"é"}'), framed('{}')])) stream.write(Buffer.of(byte));
      stream.end();
    },
    { metadata },
  );
  expect(answers).toEqual(['{"a":"é"}', '{}']);
  expect(asked).toMatchObject({
    ':path': '/acme.Users/Get',
    'content-type': 'application/grpc+json',
    'grpc-timeout': '5000m',
    te: 'trailers',
    tenant: 'acme',
    'key-bin': 'AP8=',
    body: framed('{"id":1}'),
  });
});

test('a status is an error, in trailers or alone, with its message', async () => {
  const inTrailers = callOf((stream) => {
    respond(stream, { 'grpc-status': '5', 'grpc-message': 'no%20Ada' });
    stream.end();
  });
  await expect(inTrailers).rejects.toMatchObject({ code: status.NOT_FOUND, details: 'no Ada' });
  const alone = callOf((stream) => {
    stream.respond({ ':status': 200, 'grpc-status': '3', 'grpc-message': '100%' }, { endStream: true });
  });
  await expect(alone).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details: '100%' });
});

test('what answers no gRPC is UNIMPLEMENTED', async () => {
  const page = callOf((stream) => stream.respond({ ':status': 404 }, { endStream: true }));
  await expect(page).rejects.toMatchObject({ code: status.UNIMPLEMENTED, details: expect.stringContaining('404') });
});

test('a message that is too long is refused before it is read', async () => {
  const long = callOf((stream) => {
    respond(stream, { 'grpc-status': '0' });
    stream.write(Buffer.from([0, 255, 255, 255, 255]));
  });
  await expect(long).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});

test('a stream that is reset fails', async () => {
  await expect(callOf((stream) => stream.close(2))).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
});
