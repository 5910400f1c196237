import {
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { metadataKeys, methods } from './echo.types.ts';
import { patternOf } from './pattern.ts';

// The echo service on grpc-js: `node grpc-js-instance.process.js NAME PORT`. As PORT=… when the runtime starts it.

const [, , name = 'one', portGiven = process.env['PORT'] ?? '0'] = process.argv;

const asItIs = (message: Buffer): Buffer => message;
const kinds: Readonly<Record<string, readonly [streamsIn: boolean, streamsOut: boolean]>> = {
  unary: [false, false],
  repeat: [false, true],
  join: [true, false],
  each: [true, true],
  hold: [false, false],
};
const definitionOf = (shorten: (path: string) => string): ServiceDefinition =>
  Object.fromEntries(
    Object.entries(methods).map(([method, path]) => {
      const [requestStream = false, responseStream = false] = kinds[method] ?? [];
      const codec = {
        requestSerialize: asItIs,
        requestDeserialize: asItIs,
        responseSerialize: asItIs,
        responseDeserialize: asItIs,
      };
      return [method, { path: shorten(path), requestStream, responseStream, ...codec }];
    }),
  );

/** What comes with the call is echoed: in the head of the answer, and behind it. */
function echo(metadata: Metadata, prefix: string): Metadata {
  const made = new Metadata();
  for (const key of Object.keys(metadata.getMap()))
    if (key.startsWith(prefix)) for (const value of metadata.get(key)) made.add(key, value);
  return made;
}

interface Call {
  readonly metadata: Metadata;
  sendMetadata(metadata: Metadata): void;
}

/** Sends the head of the answer; returns what is to come behind it. */
function begin(call: Call): Metadata {
  const head = echo(call.metadata, 'x-head-');
  head.set('x-head-instance', name);
  call.sendMetadata(head);
  return echo(call.metadata, 'x-tail-');
}

/** The status that a call is to fail with, if it is. */
function failure({ metadata }: Call): object | undefined {
  const [code] = metadata.get(metadataKeys.failWith);
  if (code === undefined) return undefined;
  const tail = echo(metadata, 'x-tail-');
  const [details] = metadata.get(metadataKeys.failDetails);
  if (details !== undefined) tail.set('grpc-status-details-bin', details);
  return { code: Number(code), details: String(metadata.get(metadataKeys.failMessage)[0] ?? ''), metadata: tail };
}

const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
const implementation: UntypedServiceImplementation = {
  unary(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    const error = failure(call);
    if (error) done(error);
    else done(null, call.request, begin(call));
  },
  async repeat(call: ServerWritableStream<Buffer, Buffer>) {
    const tail = begin(call);
    const times = Number(call.metadata.get(metadataKeys.times)[0]);
    for (let count = 0; count < times && !call.cancelled; count += 1)
      await new Promise((resolve) => void call.write(call.request, resolve));
    call.end(tail);
  },
  async join(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    const tail = begin(call);
    let bytes = 0;
    for await (const message of call) bytes += (message as Buffer).length;
    done(null, patternOf(bytes), tail);
  },
  each(call: ServerDuplexStream<Buffer, Buffer>) {
    const tail = begin(call);
    call.on('data', (message: Buffer) => {
      if (call.write(message)) return;
      call.pause();
      call.once('drain', () => call.resume());
    });
    call.once('end', () => call.end(tail));
  },
  hold(call: ServerUnaryCall<Buffer, Buffer>) {
    console.log('holding');
    call.on('cancelled', () => console.log('cancelled'));
  },
};
server.addService(
  definitionOf((path) => path),
  implementation,
);
// The servers of go-micro do not care for the package.
server.addService(
  definitionOf((path) => path.replace('go.micro.service.', '')),
  implementation,
);

process.once('SIGTERM', () => server.tryShutdown(() => process.exit()));
server.bindAsync(`127.0.0.1:${portGiven}`, ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening on ${port}`);
});
