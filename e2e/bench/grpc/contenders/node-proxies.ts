import { nodeProxy } from '../../proxies/node-proxy.ts';

export const nodeHttp2 = nodeProxy('node-http2', 'node:http2', new URL('node-http2.process.js', import.meta.url));
export const grpcJs = nodeProxy('grpc-js', 'grpc-js', new URL('grpc-js.process.js', import.meta.url));
