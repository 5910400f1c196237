import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Logger } from 'pino';
import type { CallRecorder } from '../calls.ts';
import { createHttp2Server } from '../downstream/http2-server.ts';
import type { Lane } from '../downstream/lane.types.ts';
import { fieldsOfRecord } from '../headers/fields.ts';
import { originOf } from '../headers/origin.ts';
import { peerOf } from '../headers/peer.ts';
import type { TrustedProxies } from '../headers/trusted-proxies.ts';
import type { Timeouts } from '../limits.ts';
import { createGrpcServe, type GrpcServeOptions } from './serve.ts';

export interface GrpcLaneOptions extends GrpcServeOptions {
  readonly calls: CallRecorder;
  readonly trustedProxies: TrustedProxies;
  readonly timeouts: Timeouts;
  readonly log: Logger;
}

/** gRPC on `node:http2`: each stream of a client is piped to a stream of an instance. */
export function createGrpcLane(options: GrpcLaneOptions): Lane {
  const { calls, trustedProxies, log } = options;
  const { server, ...lane } = createHttp2Server(options.timeouts);
  const serve = createGrpcServe(options);

  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // A stream that fails closes too, which is what is listened for.
    stream.on('error', () => {});
    if (!isGrpc(headers)) {
      // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
      stream.respond({ ':status': constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE }, { endStream: true });
      return;
    }
    const peer = peerOf(stream.session?.socket, trustedProxies);
    const origin = originOf(peer, fieldsOfRecord(headers), trustedProxies, headers[':authority']);
    const { requestId, client } = origin;
    const path = headers[':path'] ?? '';
    const call = calls.begin(
      { entrypoint: 'grpc', protocol: 'gRPC', lane: 'grpc', requestId, method: 'POST', path, client },
      'CANCELLED',
    );
    stream.once('close', () => call.end());
    serve({ stream, headers, origin, call }).catch((error: unknown) => {
      log.error({ err: error, requestId }, 'a call failed for a defect of the data plane');
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    });
  });
  return lane;
}

function isGrpc({ ':method': method, 'content-type': contentType = '' }: IncomingHttpHeaders): boolean {
  return method === 'POST' && contentType.startsWith('application/grpc');
}
