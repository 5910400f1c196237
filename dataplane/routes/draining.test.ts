import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { formatAddress } from '../../proto/channel/address.ts';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { listenForTest, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { grpcClient, say, startGrpcInstance } from '../grpc/grpc.fixture.ts';
import { sendHttp1, sendHttp2 } from '../http/http.fixture.ts';

test('an address drains as long as an HTTP request is in flight', async () => {
  const answers: ServerResponse[] = [];
  const address = await listenForTest(createServer((_, response) => void answers.push(response)));
  const source = testSource(service('go.micro.api.greeter', [address]));
  const { http } = await startTestDataPlane(source);
  const calls = [sendHttp1(http, '/api/greeter/'), sendHttp2(http, '/api/greeter/')];
  await vi.waitFor(() => expect(answers).toHaveLength(2));

  source.serve();
  expect(source.draining()).toEqual([address]);
  answers[0]?.end('first');
  await Promise.race(calls);
  expect(source.drained).toEqual([]);
  answers[1]?.end('second');
  await Promise.all(calls);
  await vi.waitFor(() => expect(source.drained).toEqual([address]));
  expect(source.draining()).toEqual([]);
});

test('an address drains as long as a WebSocket is open', async () => {
  const server = createServer();
  const webSockets = new WebSocketServer({ server });
  onTestFinished(() => webSockets.close());
  const address = await listenForTest(server);
  const source = testSource(service('go.micro.web.chat', [address]));
  const { http } = await startTestDataPlane(source);
  const webSocket = new WebSocket(`ws://${formatAddress(http)}/web/chat/`);
  await once(webSocket, 'open');

  source.serve();
  expect(source.draining()).toEqual([address]);
  webSocket.close();
  await vi.waitFor(() => expect(source.drained).toEqual([address]));
});

test('an address drains as long as a gRPC stream is open', async () => {
  const chats: ServerDuplexStream<Buffer, Buffer>[] = [];
  const address = await startGrpcInstance({ chat: (call) => void chats.push(call) });
  const greeter = service('go.micro.service.greeter', [address], { protocol: Protocol.PROTOCOL_H2C });
  const source = testSource(greeter);
  const { grpc } = await startTestDataPlane(source);
  const { path, requestSerialize, responseDeserialize } = say.chat;
  const call = grpcClient(grpc).makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const ended = once(call.resume(), 'end');
  call.write(Buffer.from('hello'));
  await vi.waitFor(() => expect(chats).toHaveLength(1));

  source.serve();
  expect(source.draining()).toEqual([address]);
  chats[0]?.end();
  await ended;
  await vi.waitFor(() => expect(source.drained).toEqual([address]));
});
