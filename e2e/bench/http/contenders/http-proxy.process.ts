import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { prefix } from '../exchange.ts';

// http-proxy.process.js <address to listen on> <address of the instance>
const [listenOn, instance] = process.argv.slice(2) as [string, string];
const { hostname, port } = new URL(`http://${listenOn}`);

const agent = new Agent({ keepAlive: true, maxFreeSockets: 1024 });
const proxy = httpProxy.createProxyServer({ target: `http://${instance}`, agent, xfwd: true });
proxy.on('error', (_error, _request, response) => response.destroy());

createServer((request, response) => {
  request.url = request.url?.slice(prefix.length) ?? '/';
  proxy.web(request, response);
}).listen({ host: hostname, port: Number(port), backlog: 4096 });
