import { once } from 'node:events';
import { connect } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { type ServiceError, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { formatAddress } from '../../proto/channel/address.ts';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { listenForTest, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { sendHttp1 } from '../http/http.fixture.ts';
import { answerOk, callHead, frameClient, goaway, headers, startFrameInstance } from './frame-peers.fixture.ts';
import { grpcClient, hello, say, startGrpcInstance } from './grpc.fixture.ts';
import { flag, frame, frameType, settings, settingsAck } from './hpack/wire.fixture.ts';

const greeter = (...addresses: string[]) =>
  testSource(service('go.micro.service.greeter', addresses, { protocol: Protocol.PROTOCOL_H2C }));

const unavailable = (details: RegExp) =>
  expect.objectContaining({
    code: status.UNAVAILABLE,
    details: expect.stringMatching(details) as string,
  }) as ServiceError;

test('a whole answer that cannot be decompressed ends its call', async () => {
  const instance = await startFrameInstance(({ type, flags, stream }, peer) => {
    // Index 0 means nothing (RFC 7541 section 6.1).
    if (type === frameType.data && (flags & flag.endStream) !== 0)
      peer.send(headers(stream, Buffer.of(0x20, 0x80), true));
  });
  const { grpc } = await startTestDataPlane(greeter(instance));
  await expect(hello(grpcClient(grpc), '')).rejects.toEqual(unavailable(/connection to the instance was lost/));
});

test('a call that the only instance did not begin before it sent GOAWAY is made again on another connection', async () => {
  const asked: string[] = [];
  const instance = await startFrameInstance(({ type, stream }, peer) => {
    if (type !== frameType.headers) return;
    asked.push(`${peer.number}/${stream}`);
    // The first call is answered, the second came too late.
    if (peer.number === 1 && stream === 3) peer.send(goaway(1));
    else peer.send(answerOk(stream));
  });
  const { grpc } = await startTestDataPlane(greeter(instance));
  const client = frameClient(grpc);
  client.send(headers(1, callHead, true));
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining({ stream: 1 })));
  client.send(headers(3, callHead, true));
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining({ stream: 3 })));
  expect(asked).toEqual(['1/1', '1/3', '2/1']);
  const again = client.received.find(({ stream }) => stream === 3);
  // Without the head of the frame and the size of the table.
  expect(again?.payload).toEqual(answerOk(3).subarray(9 + 1));
});

test('calls that a client makes after GOAWAY do not end those that it made before', async () => {
  const answers: (() => void)[] = [];
  const instance = await startFrameInstance(({ type, stream }, peer) => {
    if (type === frameType.headers) answers.push(() => peer.send(answerOk(stream)));
  });
  const dataPlane = await startTestDataPlane(greeter(instance), { timeouts: { drainMs: 10_000 } });
  const client = frameClient(dataPlane.grpc);
  client.send(headers(1, callHead, true));
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  const stopped = dataPlane.stop();
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining({ type: frameType.goaway })));

  client.send(headers(3, callHead, false), frame(frameType.data, 0, 3, Buffer.alloc(100)), headers(3, callHead, true));
  client.send(frame(frameType.ping, 0, 0, Buffer.from('all read')));
  const pong = { type: frameType.ping, flags: flag.ack, payload: Buffer.from('all read') };
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining(pong)));
  for (const answer of answers) answer();
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining({ stream: 1, flags: 5 })));
  await stopped;
  expect(answers).toHaveLength(1);
});

test('a client that connects while the data plane drains is served, and told to go elsewhere when that ends', async () => {
  const instance = await startFrameInstance(({ type, stream }, peer) => {
    if (type === frameType.headers) peer.send(answerOk(stream));
  });
  const dataPlane = await startTestDataPlane(greeter(instance));
  const stopped = dataPlane.stop({ graceMs: 1_000 });
  const client = frameClient(dataPlane.grpc);
  client.send(headers(1, callHead, true));
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining({ stream: 1, flags: 5 })));
  await stopped;
  const [answer, ...later] = client.received.slice(client.received.findIndex(({ stream }) => stream === 1));
  expect(answer).toMatchObject({ type: frameType.headers });
  expect(later.map(({ type, payload }) => [type, payload.readUInt32BE(0)])).toEqual([[frameType.goaway, 1]]);
});

test('an instance gets no more calls at once than it takes, from the first one on', async () => {
  const openOn = new Map<number, number>();
  let mostOpen = 0;
  const instance = await startFrameInstance(
    ({ type, stream }, peer) => {
      if (type !== frameType.headers) return;
      const open = (openOn.get(peer.number) ?? 0) + 1;
      openOn.set(peer.number, open);
      mostOpen = Math.max(mostOpen, open);
      setImmediate(() => {
        openOn.set(peer.number, (openOn.get(peer.number) ?? 0) - 1);
        peer.send(answerOk(stream));
      });
    },
    { onConnection: (peer) => peer.send(settings([0x3, 2])) },
  );
  const { grpc } = await startTestDataPlane(greeter(instance));
  const client = frameClient(grpc);
  for (let call = 0; call < 20; call += 1) client.send(headers(2 * call + 1, callHead, true));
  await vi.waitFor(() => expect(client.received.filter(({ type }) => type === frameType.headers)).toHaveLength(20));
  expect(mostOpen).toBe(2);
});

test('an instance that takes connections and says nothing is passed over', async () => {
  const hung = await startFrameInstance(() => {}, { acknowledges: false, onConnection: () => {} });
  const live = await startGrpcInstance({ hello: (_, callback) => callback(null, Buffer.from('hello')) });
  const { grpc, admin } = await startTestDataPlane(greeter(hung, live), { timeouts: { connectMs: 500 } });
  const client = grpcClient(grpc);
  const answers = await Promise.all(Array.from({ length: 20 }, () => hello(client, '')));
  expect(answers.map(({ message }) => message)).toEqual(Array.from({ length: 20 }, () => 'hello'));
  expect((await sendHttp1(admin, '/metrics')).body).toContain('micro_instances_set_aside 1\n');
});

test('a call to an instance that hangs ends, even without a deadline', async () => {
  const hanging = await startFrameInstance(
    ({ type }, peer) => {
      if (type === frameType.settings) peer.send(settingsAck);
    },
    { acknowledges: false },
  );
  const { grpc } = await startTestDataPlane(greeter(hanging), { timeouts: { silentMs: 50 } });
  await expect(hello(grpcClient(grpc), '')).rejects.toEqual(unavailable(/connection to the instance was lost/));
});

test('an instance that takes its time is asked whether it is there, and waited for', async () => {
  let pings = 0;
  const slow = await startFrameInstance(({ type, flags, stream }, peer) => {
    if (type !== frameType.ping || (flags & flag.ack) !== 0) return;
    pings += 1;
    peer.send(answerOk(stream + 1));
  });
  const { grpc } = await startTestDataPlane(greeter(slow), { timeouts: { silentMs: 50 } });
  const client = frameClient(grpc);
  client.send(headers(1, callHead, true));
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining({ stream: 1, flags: 5 })));
  expect(client.received.find(({ stream }) => stream === 1)?.payload).toEqual(answerOk(1).subarray(9));
  expect(pings).toBe(1);
});

test('an instance that takes no more connections is not beset, while it still serves calls on one', async () => {
  let connections = 0;
  let turns = 0;
  const instance = await startFrameInstance(
    ({ type, stream }, peer) => {
      if (type !== frameType.headers) return;
      if (stream === 3) peer.send(answerOk(3));
      // Time enough for many connections.
      const answerLater = (): void => {
        turns += 1;
        if (turns === 500) peer.send(answerOk(1));
        else setImmediate(answerLater);
      };
      if (stream === 1) answerLater();
    },
    {
      onConnection(peer) {
        connections += 1;
        if (connections === 1) peer.send(settings([0x3, 1]));
        else peer.socket.destroy();
      },
    },
  );
  const { grpc } = await startTestDataPlane(greeter(instance));
  const client = frameClient(grpc);
  client.send(headers(1, callHead, true));
  client.send(headers(3, callHead, true));
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining({ stream: 3, flags: 5 })));
  expect(client.received.find(({ stream }) => stream === 3)?.payload).toEqual(answerOk(3).subarray(10));
  expect(connections).toBe(2);
});

const windowUpdateOfNothing = (stream: number): Buffer => frame(0x8, 0, stream, Buffer.alloc(4));

test.each([
  ['by a WINDOW_UPDATE of 0', windowUpdateOfNothing],
  ['by trailers that do not end it', (stream: number) => headers(stream, callHead, false)],
])('a client that has its calls reset %s, one after another, is sent away', async (_, breakRules) => {
  let calls = 0;
  const instance = await startFrameInstance(({ type }) => {
    if (type === frameType.headers) calls += 1;
  });
  const { grpc } = await startTestDataPlane(greeter(instance));
  const client = frameClient(grpc);
  for (let stream = 1; stream < 4_000; stream += 2) client.send(headers(stream, callHead, false), breakRules(stream));
  await vi.waitFor(() => expect(client.received).toContainEqual(expect.objectContaining({ type: frameType.goaway })), {
    timeout: 10_000,
  });
  const goawayFrame = client.received.find(({ type }) => type === frameType.goaway);
  expect(goawayFrame?.payload.readUInt32BE(4)).toBe(0xb);
  expect(calls).toBeLessThan(1_500);
});

test('an instance that broke the rules and reads no more is left', async () => {
  const windows = [settings([0x4, 2 ** 30]), frame(frameType.windowUpdate, 0, 0, Buffer.of(0x40, 0, 0, 0))];
  const connections: Socket[] = [];
  const instance = createServer({ pauseOnConnect: true }, (socket) => {
    connections.push(socket);
    socket.on('error', () => {}).write(Buffer.concat(windows));
  });
  const { grpc, admin } = await startTestDataPlane(greeter(await listenForTest(instance)), {
    timeouts: { silentMs: 1_000 },
  });
  const client = connect(`http://${formatAddress(grpc)}`, { maxSessionMemory: 100 });
  onTestFinished(() => client.destroy());
  // Far more than the kernel keeps for somebody who does not read.
  await once(client, 'remoteSettings');
  const calls = Array.from({ length: 300 }, () => {
    const call = client.request({ ':method': 'POST', ':path': say.hello.path, 'content-type': 'application/grpc' });
    call.on('error', () => {}).write(Buffer.alloc(128 * 1024));
    return call;
  });
  await Promise.all(calls.map(async (call) => once(call, 'drain')));
  connections[0]?.write(frame(frameType.data, 0, 0, Buffer.from('on stream 0')));
  await expect
    .poll(async () => (await sendHttp1(admin, '/metrics')).body)
    .toContain('micro_upstream_connections{protocol="HTTP/2"} 0\n');
});
