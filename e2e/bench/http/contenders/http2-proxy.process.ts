import { Agent, createServer, type IncomingMessage, type RequestOptions } from 'node:http';
import http2Proxy from 'http2-proxy';
import { prefix } from '../exchange.ts';

// http2-proxy.process.js <address to listen on> <address of the instance>
const [listenOn, instance] = process.argv.slice(2) as [string, string];
const { hostname: listenHost, port: listenPort } = new URL(`http://${listenOn}`);
const { hostname, port } = new URL(`http://${instance}`);

const agent = new Agent({ keepAlive: true, maxFreeSockets: 1024 });
const options = {
  hostname,
  port: Number(port),
  async onReq({ socket }: IncomingMessage, outgoing: RequestOptions): Promise<void> {
    outgoing.agent = agent;
    Object.assign(outgoing.headers ?? {}, { 'x-forwarded-for': socket.remoteAddress });
  },
};

createServer((request, response) => {
  request.url = request.url?.slice(prefix.length) ?? '/';
  void http2Proxy.web(request, response, options, (error) => {
    if (error) response.destroy();
  });
}).listen({ host: listenHost, port: Number(listenPort), backlog: 4096 });
