import { createServer, type Socket } from 'node:net';
import type { TcpAddress } from '../../proto/channel/address.ts';
import { listenForTest, rawConnection } from '../data-plane.fixture.ts';
import { say } from './grpc.fixture.ts';
import { blockOf } from './heads/fields.ts';
import { type Frame, flag, frame, framesOf, frameType, preface, settings, settingsAck } from './hpack/wire.fixture.ts';

/** One end of an HTTP/2 connection, which sends what a test says and knows no rule. */
export interface FramePeer {
  /** Which connection of its kind it is, from 1 on. */
  readonly number: number;
  send(...frames: readonly Buffer[]): void;
  readonly socket: Socket;
}

/** A block that uses no table, and says so: it has to once a table size of 0 was acknowledged (RFC 7541 section 4.2). */
const blockAlone = (fields: Parameters<typeof blockOf>[0]): Buffer => Buffer.concat([Buffer.of(0x20), blockOf(fields)]);

/** The head of a gRPC call, as frames have it. */
export const callHead = blockAlone([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'greeter'],
  [':path', say.hello.path],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
]);

const answerHead = blockAlone([
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ['grpc-status', '0'],
]);

/** HEADERS that is a whole block. */
export function headers(stream: number, block: Buffer, endStream: boolean): Buffer {
  return frame(frameType.headers, flag.endHeaders | (endStream ? flag.endStream : 0), stream, block);
}

/** The shortest answer that is fine: trailers only. */
export function answerOk(stream: number): Buffer {
  return headers(stream, answerHead, true);
}

export function goaway(lastStream: number, code = 0): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStream, 0);
  payload.writeUInt32BE(code, 4);
  return frame(frameType.goaway, 0, 0, payload);
}

/** Answers a frame that asks for it, as every peer does. */
function acknowledge(peer: FramePeer, { type, flags, payload }: Frame): void {
  if ((flags & flag.ack) !== 0) return;
  if (type === frameType.settings) peer.send(settingsAck);
  if (type === frameType.ping) peer.send(frame(frameType.ping, flag.ack, 0, payload));
}

/**
 * An instance that gets each frame, and each connection when it is made. It sends no SETTINGS of its own accord.
 *
 * @param acknowledges whether it answers SETTINGS and PING
 */
export function startFrameInstance(
  onFrame: (frame: Frame, peer: FramePeer) => void,
  { onConnection = (peer: FramePeer) => peer.send(settings()), acknowledges = true } = {},
): Promise<string> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    const peer: FramePeer = { number: connections, socket, send: (...frames) => socket.write(Buffer.concat(frames)) };
    onConnection(peer);
    void (async () => {
      for await (const received of framesOf(socket, preface.length)) {
        if (acknowledges) acknowledge(peer, received);
        onFrame(received, peer);
      }
    })().catch(() => {
      // The connection was broken off, which is for the test to see at the other end.
    });
  });
  return listenForTest(server);
}

/** A client that has sent its preface and SETTINGS. The frames that come are collected. */
export function frameClient(
  address: TcpAddress,
  { acknowledges = true } = {},
): FramePeer & { readonly received: Frame[] } {
  const socket = rawConnection(address);
  const received: Frame[] = [];
  const peer = {
    number: 1,
    socket,
    received,
    send: (...frames: readonly Buffer[]) => void socket.write(Buffer.concat(frames)),
  };
  peer.send(preface, settings());
  void (async () => {
    for await (const each of framesOf(socket)) {
      if (acknowledges) acknowledge(peer, each);
      received.push(each);
    }
  })().catch(() => {
    // As above.
  });
  return peer;
}
