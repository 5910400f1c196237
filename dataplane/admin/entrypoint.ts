import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { errorAnswer } from '../downstream/error-answer.ts';
import { onlyValueOf } from '../headers/fields.ts';
import { createHttp1Server } from '../downstream/http1-server.ts';
import type { Lane } from '../downstream/lane.types.ts';
import type { Timeouts } from '../limits.ts';
import type { RoutesStatus } from '../routes/subscription.ts';

/** How the data plane does: in this process, or in the workers that are reached. */
export interface ServingStatus extends RoutesStatus {
  /** How many workers there should be, and how many of them serve from a route table. */
  readonly workers?: { readonly wanted: number; readonly ready: number };
}

export interface AdminOptions {
  readonly registry: Pick<Registry, 'contentType' | 'metrics'>;
  readonly routes: () => ServingStatus | Promise<ServingStatus>;
  readonly timeouts: Timeouts;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Serves the connections of the `admin` entrypoint: health, readiness and metrics. What drains is not ready. */
export function createAdminLane({ registry, routes, timeouts }: AdminOptions): Lane {
  const { server, drain, ...lane } = createHttp1Server(timeouts);
  let isDraining = false;
  const pages = new Map<string, () => Page | Promise<Page>>([
    ['/healthz', () => jsonPage(200, { status: 'ok' })],
    ['/readyz', async () => readiness(await routes(), isDraining)],
    ['/metrics', async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() })],
  ]);

  async function pageFor(request: IncomingMessage): Promise<Page> {
    const page = pages.get(request.url?.split('?', 1)[0] ?? '');
    if (!page) return errorPage(request, 404, `the pages are ${[...pages.keys()].join(', ')}`);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return errorPage(request, 405, 'only GET and HEAD are served');
    return page();
  }

  server.on('request', (request, response) => {
    pageFor(request).then(
      (page) => send(page, request, response),
      (error: Error) => response.destroy(error),
    );
  });

  return {
    ...lane,
    drain() {
      isDraining = true;
      drain();
    },
  };
}

/** Ready means: there is a route table to serve from, whatever is away now. */
function readiness({ revision, source, connection, workers }: ServingStatus, isDraining: boolean): Page {
  const isReady = source !== undefined && !isDraining;
  return jsonPage(isReady ? 200 : 503, {
    status: isReady ? 'ready' : isDraining ? 'stopping' : 'waiting for a route table',
    revision: String(revision),
    source: source ?? null,
    connection,
    workers,
  });
}

function jsonPage(status: number, body: object): Page {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}

function errorPage(request: IncomingMessage, status: number, detail: string): Page {
  const { fields, body } = errorAnswer(request.headers.accept, status, detail);
  return { status, type: onlyValueOf(fields, 'content-type') ?? '', body };
}

function send({ status, type, body }: Page, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? '' : body);
}
