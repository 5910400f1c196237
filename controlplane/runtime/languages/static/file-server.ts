import { serveFiles } from './serve-files.ts';

// The program that serves a static site: the folder it is started in, at the address that the runtime gives it.
const address = process.env['MICRO_SERVER_ADDRESS'] ?? '127.0.0.1:0';
const separator = address.lastIndexOf(':');
const host = address.slice(0, separator).replace(/^\[(.*)\]$/, '$1');
const server = await serveFiles({ folder: process.cwd(), host, port: Number(address.slice(separator + 1)) });
process.once('SIGTERM', () => server.close());
