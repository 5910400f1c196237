import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeFiles } from '../../runtime.fixture.ts';

const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];

/** A git repository that a test makes on the spot. */
export interface TestRepository {
  readonly folder: string;
  /** Runs git in it and gives back what it printed, without the last line's end. */
  git(...words: readonly string[]): Promise<string>;
  /** Writes files and commits everything; gives back the commit. */
  commit(files?: Readonly<Record<string, unknown>>): Promise<string>;
}

/** Makes a repository whose default branch is called `trunk`, which nobody would guess. */
export async function makeTestRepository(folder: string): Promise<TestRepository> {
  await mkdir(folder, { recursive: true });
  const git = async (...words: readonly string[]): Promise<string> =>
    (await promisify(execFile)('git', ['-C', folder, ...identity, ...words])).stdout.trim();
  await git('init', '--quiet', '--initial-branch=trunk');
  await git('config', 'uploadpack.allowFilter', 'true');
  return {
    folder,
    git,
    async commit(files = {}) {
      await writeFiles(folder, files);
      await git('add', '--all', '--force');
      await git('commit', '--quiet', '--allow-empty', '--message=change');
      return git('rev-parse', 'HEAD');
    },
  };
}

/** An HTTP server on the loopback; `url` has no slash at its end. */
export async function startHttp(listener: RequestListener): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Serves the repositories in a folder with git-http-backend(1), to whoever gives the password where there is one. */
export function gitBackend(root: string, password?: string): RequestListener {
  return (request, response) => {
    const basic = `Basic ${Buffer.from(`user:${password}`).toString('base64')}`;
    if (password !== undefined && request.headers.authorization !== basic) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    runBackend(root, request, response);
  };
}

function runBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const environment = {
    PATH: process.env['PATH'] ?? '',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    REQUEST_METHOD: request.method ?? 'GET',
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
  };
  const backend = spawn('git', ['http-backend'], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.stdout.once('end', () => {
    // What a CGI program answers: lines of headers, an empty line, the body (RFC 3875, section 6).
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    for (const line of answer.subarray(0, end).toString().split('\r\n')) {
      const [name = '', value = ''] = line.split(': ');
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(answer.subarray(end + 4));
  });
}

/** Serves the files of a repository as any web server would (`git update-server-info`). */
export function plainFiles(root: string): RequestListener {
  return (request, response) => {
    readFile(join(root, new URL(request.url ?? '/', 'http://localhost').pathname)).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  };
}
