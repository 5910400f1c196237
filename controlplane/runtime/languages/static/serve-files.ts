import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sirv from 'sirv';

/**
 * Serves the files of a folder over HTTP as they are at its start. Files whose names begin with a dot are not served, nor is
 * anything that is not there under the very path that is asked for.
 *
 * @returns the port, once it listens
 */
export async function serveFiles(options: {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
}): Promise<{ readonly port: number; close(): void }> {
  const { folder, host, port } = options;
  const files = sirv(folder, { etag: true });
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    }
    const notFound = (): void => {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('no such file\n');
    };
    if (isForTheServer(request.url ?? '')) return notFound();
    files(request, response, notFound);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

/** Whether a path leads to what describes the site to us, which may hold settings that are nobody else's business. */
function isForTheServer(url: string): boolean {
  const [path = ''] = url.split('?');
  return /^\/+(micro\.yaml|procfile)\/*$/i.test(decode(path));
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
