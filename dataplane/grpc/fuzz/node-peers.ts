import { once } from 'node:events';
import * as http2 from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair, PassThrough } from 'node:stream';
import type { TcpAddress } from '../../../proto/channel/address.ts';
import { listenOn } from '../../on-stack.fixture.ts';
import { framesOf, frameType, preface } from '../hpack/wire.fixture.ts';

// Clients and instances of `node:http2`, whose nghttp2 holds the lane to every rule: what it objects to, it says in a frame,
// which is looked for on the wire.

/** Of objections: resets and ends of connections with any code but NO_ERROR. */
async function noteObjections(of: string, wire: Duplex, skip: number, faults: string[]): Promise<void> {
  for await (const { type, payload, stream } of framesOf(wire.pipe(new PassThrough()), skip)) {
    const at = { [frameType.rstStream]: 0, [frameType.goaway]: 4 }[type];
    const code = at === undefined ? 0 : payload.readUInt32BE(at);
    if (code === 0) continue;
    if (type === frameType.rstStream) faults.push(`${of} resets stream ${stream} with code ${code}`);
    else faults.push(`${of} ends the connection with code ${code}`);
  }
}

/** One end for `node:http2`; whatever it writes is looked at on its way to the socket. */
function overheard(of: string, socket: Socket, skip: number, faults: string[]): Duplex {
  const [nodeSide, wire] = duplexPair();
  socket.setNoDelay().on('error', () => {});
  socket.once('close', () => wire.destroy());
  wire.once('close', () => socket.destroy());
  void noteObjections(of, wire, skip, faults);
  wire.pipe(socket);
  socket.pipe(wire);
  return nodeSide;
}

/** What came of a call. */
export interface Answer {
  readonly body: string;
  readonly grpcStatus: string | undefined;
  /** The code of a reset; 0 where there was none. */
  readonly code: number;
}

export interface NodeClient {
  /** What this side objected to, or was told, since that was asked last. */
  objections(): readonly string[];
  /** @param body as latin1; undefined for none */
  call(path: string, body?: string): Promise<Answer>;
}

export async function nodeClientOn(stack: AsyncDisposableStack, address: TcpAddress): Promise<NodeClient> {
  const faults: string[] = [];
  const socket = connect(address);
  const session = http2.connect('http://localhost', {
    createConnection: () => overheard('the client', socket, preface.length, faults),
  });
  stack.defer(() => session.destroy());
  session.on('error', (error) => void faults.push(String(error)));
  session.on('goaway', (code) => void faults.push(`the client is told to go away, with code ${code}`));
  await once(session, 'remoteSettings');
  return {
    objections: () => faults.splice(0),
    async call(path, body) {
      const stream = session.request(
        { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
        { endStream: body === undefined },
      );
      if (body !== undefined) stream.end(body, 'latin1');
      let grpcStatus: string | undefined;
      let received = '';
      const note = (fields: http2.IncomingHttpHeaders): void => {
        grpcStatus = fields['grpc-status']?.toString() ?? grpcStatus;
      };
      stream
        .on('error', () => {})
        .on('response', note)
        .on('trailers', note);
      stream.on('data', (bytes: Buffer) => {
        received += bytes.toString('latin1');
      });
      await new Promise((resolve) => void stream.once('close', resolve));
      return { body: received, grpcStatus, code: stream.rstCode ?? 0 };
    },
  };
}

export interface NodeInstance {
  readonly address: string;
  /** What this side objected to, since that was asked last. */
  objections(): readonly string[];
  /** Calls that are not over. */
  readonly openCalls: () => number;
}

/** Answers each call with what it was sent, once that is whole; a call without a body by trailers alone. */
export async function nodeInstanceOn(stack: AsyncDisposableStack): Promise<NodeInstance> {
  const faults: string[] = [];
  let openCalls = 0;
  const server = http2.createServer();
  server.on('sessionError', () => {});
  server.on('stream', (stream) => {
    openCalls += 1;
    stream
      .on('error', () => {})
      .once('close', () => {
        openCalls -= 1;
      });
    const parts: Buffer[] = [];
    stream.on('data', (bytes: Buffer) => parts.push(bytes));
    stream.once('end', () => {
      if (stream.destroyed) return;
      const body = Buffer.concat(parts);
      const head = { ':status': 200, 'content-type': 'application/grpc' };
      if (body.length === 0) stream.respond({ ...head, 'grpc-status': '0' }, { endStream: true });
      else {
        stream.respond(head, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(body);
      }
    });
  });
  const address = await listenOn(
    stack,
    createServer((socket) => void server.emit('connection', overheard('the instance', socket, 0, faults))),
  );
  return { address, objections: () => faults.splice(0), openCalls: () => openCalls };
}
