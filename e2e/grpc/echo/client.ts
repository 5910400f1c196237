import type { ClientOptions, EchoClient } from './echo.types.ts';
import { connectGrpcJs } from './grpc-js-client.ts';
import { connectGrpcio } from './grpcio-client.ts';
import type { Library } from './instance.ts';

export function connectEcho(library: Library, options: ClientOptions): EchoClient {
  return library === 'grpcio' ? connectGrpcio(options) : connectGrpcJs(options);
}
