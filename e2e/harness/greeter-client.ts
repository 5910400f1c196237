import { join } from 'node:path';
import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  credentials,
  loadPackageDefinition,
  type Metadata,
  type requestCallback,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { samples } from './samples.ts';

export interface Greeting {
  readonly greeting: string;
}

interface Person {
  readonly name: string;
}

interface Again extends Person {
  /** Without end when left out. */
  readonly times?: number;
  readonly pauseMs?: number;
}

/** A client of `go.micro.service.greeter`, made from its .proto at run time. */
export interface GreeterClient extends Client {
  hello(request: Person, callback: requestCallback<Greeting>): ClientUnaryCall;
  hello(request: Person, metadata: Metadata, callback: requestCallback<Greeting>): ClientUnaryCall;
  helloAgain(request: Again, options?: CallOptions): ClientReadableStream<Greeting>;
  helloAll(callback: requestCallback<Greeting>): ClientWritableStream<Person>;
  helloEach(): ClientDuplexStream<Person, Greeting>;
}

export function greeterClient(address: string): GreeterClient {
  const definition = loadPackageDefinition(loadSync(join(samples.greeter, 'proto', 'greeter.proto'))) as unknown as {
    go: { micro: { service: { greeter: { Say: ServiceClientConstructor } } } };
  };
  const { Say } = definition.go.micro.service.greeter;
  return new Say(address, credentials.createInsecure()) as unknown as GreeterClient;
}
