import { connect, type Socket } from 'node:net';
import {
  acknowledgement,
  defaultWindow,
  Flag,
  FrameType,
  frame,
  frameReader,
  type OnFrame,
  preface,
  Setting,
  settings,
  windowUpdate,
} from '../frames.ts';
import { headerBlock } from '../header-block.ts';
import { type Exchange, messageOf, pathOf } from '../exchange.ts';

/** A connection of a client at the level of frames, which keeps it open and leaves all else to whoever has it. */
export interface FrameClient {
  readonly socket: Socket;
  send(...frames: readonly Buffer[]): void;
}

export interface FrameClientOptions {
  /** "127.0.0.1:41234" */
  readonly address: string;
  /** Of each stream, in bytes. The connection's is as wide as there is. */
  readonly streamWindow?: number;
  readonly onFrame?: OnFrame;
}

/** Connects, and sends what HTTP/2 begins with. */
export function connectClient({ address, streamWindow = defaultWindow, onFrame }: FrameClientOptions): FrameClient {
  const { hostname: host, port } = new URL(`http://${address}`);
  const socket = connect({ host, port: Number(port), noDelay: true });
  const read = frameReader((type, flags, id, payload) => {
    const due = acknowledgement(type, flags, payload);
    if (due !== undefined) socket.write(due);
    onFrame?.(type, flags, id, payload);
  });
  socket.on('data', (chunk) => {
    socket.cork();
    read(chunk);
    socket.uncork();
  });
  socket.write(
    Buffer.concat([preface, settings({ [Setting.initialWindowSize]: streamWindow }), windowUpdate(0, 2 ** 30)]),
  );
  return { socket, send: (...frames) => void socket.write(Buffer.concat(frames)) };
}

/** What the first header block of a connection begins with: no table is used (RFC 7541 section 4.2). */
const tableSizeZero = Buffer.of(0x20);

/** The frames of a call. Other fields follow those that gRPC asks for. */
export function callFrames(
  streamId: number,
  exchange: Exchange,
  fields: Readonly<Record<string, string>> = {},
  isFirst = streamId === 1,
): Buffer {
  const block = headerBlock({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': pathOf(exchange),
    ':authority': 'bench',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...fields,
  });
  return Buffer.concat([
    frame(FrameType.headers, Flag.endHeaders, streamId, isFirst ? Buffer.concat([tableSizeZero, block]) : block),
    frame(FrameType.data, Flag.endStream, streamId, messageOf(exchange)),
  ]);
}
