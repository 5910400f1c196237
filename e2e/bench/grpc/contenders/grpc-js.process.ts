import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { pathOf, small } from '../exchange.ts';

// grpc-js.process.js <address to listen on> <address of the instance>: forwards unary calls, message by message.
const [listenOn, instance] = process.argv.slice(2) as [string, string];

/** Messages stay the bytes that they are. */
const identity = (message: Buffer): Buffer => message;
const unary = {
  path: pathOf(small),
  requestStream: false,
  responseStream: false,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
} as const;

const client = new Client(instance, credentials.createInsecure());
const server = new Server();
server.addService(
  { unary },
  {
    unary({ request, metadata }: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
      client.makeUnaryRequest(unary.path, identity, identity, request, metadata, callback);
    },
  },
);
server.bindAsync(listenOn, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
