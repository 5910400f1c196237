import type { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Ask, ClientOptions, EchoClient, Fields, Outcome } from './echo.types.ts';
import { isOfPattern, patternOf } from './pattern.ts';

const asItIs = (message: Buffer): Buffer => message;

export function connectGrpcJs({ address, caFile, channel }: ClientOptions): EchoClient {
  const secured = caFile === undefined ? credentials.createInsecure() : credentials.createSsl(readFileSync(caFile));
  const options = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1, ...channel };
  const plain = new Client(address, secured, options);
  // grpc-js compresses for a channel, not for a call.
  const gzip = new Client(address, secured, {
    ...options,
    'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  });
  const call = (ask: Ask) => makeCall(ask.gzip ? gzip : plain, ask);
  return {
    call,
    async repeat(ask, times, atOnce) {
      const codes: Record<number, number> = {};
      let left = times;
      const one = async () => {
        while (left > 0) {
          left -= 1;
          const { code } = await call(ask);
          codes[code] = (codes[code] ?? 0) + 1;
        }
      };
      await Promise.all(Array.from({ length: atOnce }, one));
      return codes;
    },
    async [Symbol.asyncDispose]() {
      plain.close();
      gzip.close();
    },
  };
}

type Call =
  | ClientUnaryCall
  | ClientReadableStream<Buffer>
  | ClientWritableStream<Buffer>
  | ClientDuplexStream<Buffer, Buffer>;

function makeCall(client: Client, ask: Ask): Promise<Outcome> {
  const { sizes, timeoutMs, waitForReady = false, cancelAfter } = ask;
  const metadata = metadataOf(ask);
  metadata.setOptions({ waitForReady });
  const options: CallOptions = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
  return new Promise((resolve) => {
    const came: Buffer[] = [];
    let initial: Fields = {};
    const call = start(client, ask.path, patternOf(sizes[0] ?? 0), metadata, options, (answer) => came.push(answer));
    const events: EventEmitter = call;
    events.on('metadata', (head: Metadata) => {
      initial = echoed(head);
    });
    events.on('status', ({ code, details, metadata: tail }: StatusObject) => {
      const intact = came.every(isOfPattern);
      resolve({ code, details, sizes: came.map(({ length }) => length), intact, initial, trailing: echoed(tail) });
    });
    events.on('error', () => {
      // 'status' tells it all.
    });
    if ('read' in call)
      events.on('data', (answer: Buffer) => {
        came.push(answer);
        if (came.length === cancelAfter) call.cancel();
      });
    if (cancelAfter === 0) call.cancel();
    if ('write' in call) void writeAll(call, sizes);
  });
}

function start(
  client: Client,
  path: string,
  message: Buffer,
  metadata: Metadata,
  options: CallOptions,
  onAnswer: (answer: Buffer) => void,
): Call {
  const done = (_error: ServiceError | null, answer?: Buffer) => {
    if (answer) onAnswer(answer);
  };
  if (path.endsWith('/Repeat')) return client.makeServerStreamRequest(path, asItIs, asItIs, message, metadata, options);
  if (path.endsWith('/Join')) return client.makeClientStreamRequest(path, asItIs, asItIs, metadata, options, done);
  if (path.endsWith('/Each')) return client.makeBidiStreamRequest(path, asItIs, asItIs, metadata, options);
  return client.makeUnaryRequest(path, asItIs, asItIs, message, metadata, options, done);
}

async function writeAll(call: ClientWritableStream<Buffer>, sizes: readonly number[]): Promise<void> {
  for (const size of sizes) await new Promise((resolve) => void call.write(patternOf(size), resolve));
  call.end();
}

function metadataOf({ metadata = [] }: Ask): Metadata {
  const made = new Metadata();
  for (const [key, value] of metadata) made.add(key, key.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  return made;
}

function echoed(metadata: Metadata): Fields {
  const keys = Object.keys(metadata.getMap());
  const text = (value: string | Buffer) => (Buffer.isBuffer(value) ? value.toString('base64') : value);
  return Object.fromEntries(
    keys
      .filter((key) => /^(x-head-|x-tail-|grpc-status-details-bin)/.test(key))
      .map((key) => [key, metadata.get(key).map(text).join(', ')]),
  );
}
