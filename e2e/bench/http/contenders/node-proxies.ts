import { nodeProxy } from '../../proxies/node-proxy.ts';

export const httpProxy = nodeProxy('http-proxy', 'http-proxy', new URL('http-proxy.process.js', import.meta.url));
export const http2Proxy = nodeProxy('http2-proxy', 'http2-proxy', new URL('http2-proxy.process.js', import.meta.url));
