import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type StatusObject,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { formatAddress, type TcpAddress } from '../../proto/channel/address.ts';

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };

const method = (name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path: `/go.micro.service.greeter.Say/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
});

/** One method of each kind; messages are bytes. */
export const say = {
  hello: method('Hello', false, false),
  collect: method('Collect', true, false),
  count: method('Count', false, true),
  chat: method('Chat', true, true),
};

export interface SayHandlers {
  readonly hello?: handleUnaryCall<Buffer, Buffer>;
  readonly collect?: handleClientStreamingCall<Buffer, Buffer>;
  readonly count?: handleServerStreamingCall<Buffer, Buffer>;
  readonly chat?: handleBidiStreamingCall<Buffer, Buffer>;
}

/** A gRPC instance that is closed when the test ends. Returns its address. */
export async function startGrpcInstance(handlers: SayHandlers, address = '127.0.0.1:0'): Promise<string> {
  const server = new Server();
  server.addService(say, { ...handlers });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return address.startsWith('unix:') ? address : `127.0.0.1:${port}`;
}

/** A client that is closed when the test ends. */
export function grpcClient(address: TcpAddress, credential = credentials.createInsecure()): Client {
  const client = new Client(formatAddress(address), credential, { 'grpc.enable_http_proxy': 0 });
  onTestFinished(() => client.close());
  return client;
}

export interface HelloAnswer {
  readonly message: string;
  readonly metadata: Metadata;
  readonly trailer: Metadata;
}

/** Makes the unary call. Rejects with a ServiceError. */
export function hello(client: Client, message: string, metadata = new Metadata()): Promise<HelloAnswer> {
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = say.hello;
    let initial = new Metadata();
    let answer = '';
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      Buffer.from(message),
      metadata,
      (error, value) => {
        if (error) reject(error);
        else answer = String(value);
      },
    );
    call.on('metadata', (received: Metadata) => (initial = received));
    call.on('status', ({ metadata: trailer }: StatusObject) =>
      resolve({ message: answer, metadata: initial, trailer }),
    );
  });
}
