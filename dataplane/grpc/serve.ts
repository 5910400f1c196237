import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Call } from '../calls.ts';
import { fieldsOfRecord, http2RecordOf } from '../headers/fields.ts';
import type { Origin } from '../headers/origin.ts';
import { requestFields } from '../headers/request-fields.ts';
import { maxRetries } from '../limits.ts';
import { routeGrpc } from '../routes/grpc.ts';
import type { InstanceState } from '../routes/instance-state.ts';
import type { RoutedService, RouteTable } from '../routes/table.ts';
import type { Sessions } from '../upstream/sessions.ts';
import { CallBody } from './body.ts';
import { forward } from './forward.ts';
import { Reply } from './reply.ts';
import { timeoutMsOf } from './timeout.ts';

export interface GrpcServeOptions {
  readonly table: () => RouteTable | undefined;
  readonly sessions: Sessions;
  readonly log: Logger;
}

/** One gRPC call, from its head on. */
export interface GrpcCall {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly origin: Origin;
  readonly call: Call;
}

/** Serves gRPC calls: look up, pick, forward; and another try where an instance did nothing of the call. */
export function createGrpcServe({ table, sessions, log }: GrpcServeOptions): (grpcCall: GrpcCall) => Promise<void> {
  return async ({ stream, headers, origin, call }) => {
    const reply = new Reply(stream, call);
    const present = table();
    if (!present) return reply.fail(status.UNAVAILABLE, 'there is no route table yet: no control plane has sent one');
    const { ':path': path = '', 'micro-service': microService } = headers as Record<string, string | undefined>;
    const service = routeGrpc(present, path, microService);
    if (!service) return reply.fail(status.UNIMPLEMENTED, `no service for ${microService ?? path}`);

    call.service = service.name;
    service.retries.deposit();
    endAtDeadline(stream, headers, reply);
    const outgoing = outgoingHeaders(headers, origin);
    const body = new CallBody(stream);
    const tried = new Set<InstanceState>();
    while (tried.size <= maxRetries && body.canBeSentAgain) {
      // Another try goes to what is routed by then.
      const routed = tried.size === 0 ? service : table()?.services.get(service.name);
      const instance = routed?.pickers.h2c.pick(tried);
      if (!instance) break;
      if (tried.size > 0) {
        if (!service.retries.tryWithdraw()) break;
        call.retried();
      }
      tried.add(instance.state);
      call.instance = instance.name;
      instance.state.begin();
      try {
        const session = await sessions.to(instance.address);
        if (reply.isOver) return undefined;
        const outcome = await forward(session, { stream, headers: outgoing, body, reply, instance });
        if (outcome === 'lost') instance.state.failed('broken');
        if (outcome !== 'refused') return undefined;
      } catch (error) {
        instance.state.failed('connect');
        log.warn({ err: error, service: service.name, instance: instance.name }, 'an instance cannot be reached');
      } finally {
        instance.state.end();
      }
    }
    return failUnserved(reply, service, tried.size);
  };
}

function outgoingHeaders(headers: IncomingHttpHeaders, origin: Origin): OutgoingHttpHeaders {
  const { host, ...rest } = http2RecordOf(requestFields(fieldsOfRecord(headers), origin));
  return {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': host,
    ':path': headers[':path'],
    ...rest,
    // Asked for by gRPC, and the one use of this header that HTTP/2 allows.
    te: 'trailers',
  };
}

function endAtDeadline(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, reply: Reply): void {
  const timeoutMs = timeoutMsOf(headers['grpc-timeout'] as string | undefined);
  if (timeoutMs === undefined) return;
  const timer = setTimeout(() => reply.fail(status.DEADLINE_EXCEEDED, `no answer within ${timeoutMs} ms`), timeoutMs);
  stream.once('close', () => clearTimeout(timer));
}

function failUnserved(reply: Reply, { name, pickers }: RoutedService, tries: number): void {
  if (tries > 0) {
    reply.fail(status.UNAVAILABLE, `no instance of ${name} could be reached (${tries} tried)`);
  } else if (pickers.http1.instances.length > 0) {
    reply.fail(status.UNIMPLEMENTED, `the instances of ${name} speak HTTP/1.1 only, and gRPC needs HTTP/2`);
  } else {
    reply.fail(status.UNAVAILABLE, `${name} has no live instance`);
  }
}
