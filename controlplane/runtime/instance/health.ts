import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { request } from 'node:http';
import { connect } from 'node:http2';
import {
  HealthCheckResponse_ServingStatus as Serving,
  HealthClient,
} from '../../../proto/gen/grpc/health/v1/health.ts';
import type { Protocol } from './probe.ts';

export interface HealthQuestion {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** A path, or "grpc" for grpc.health.v1. */
  readonly health: string;
  readonly timeoutMs: number;
}

/**
 * Asks an instance once how it is. Never rejects.
 *
 * @returns `undefined` when it is well, else what it said, for the end of a sentence: "GET /healthz was answered with 503"
 */
export async function troubleOf(question: HealthQuestion): Promise<string | undefined> {
  const { health, protocol, timeoutMs } = question;
  const ask = health === 'grpc' ? check : protocol === 'grpc' ? getByHttp2 : getByHttp1;
  const answered = ask(question);
  try {
    return await answered;
  } catch (error) {
    const what = health === 'grpc' ? 'grpc.health.v1.Health/Check' : `GET ${health}`;
    const failed = error as NodeJS.ErrnoException;
    if (failed.name === 'TimeoutError') return `${what} was not answered within ${timeoutMs / 1000} s`;
    return `${what} failed: ${failed.message}`;
  }
}

/** As data planes have it: a redirection is an answer of a server that is well. */
const judge = (path: string, code: number): string | undefined =>
  code >= 200 && code < 400 ? undefined : `GET ${path} was answered with ${code}`;

function getByHttp1({ host, port, health, timeoutMs }: HealthQuestion): Promise<string | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path: health, agent: false, signal });
    asked.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    asked.once('response', ({ statusCode = 0 }) => {
      resolve(judge(health, statusCode));
      asked.destroy();
    });
    asked.end();
  });
}

function getByHttp2({ host, port, health, timeoutMs }: HealthQuestion): Promise<string | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const session = connect(`http://${host}:${port}`);
    const fail = (error: Error): void => {
      reject(signal.aborted ? signal.reason : error);
      session.destroy();
    };
    session.on('error', fail);
    const asked = session.request({ ':path': health }, { signal });
    asked.on('error', fail);
    asked.once('close', () => fail(new Error('the stream ended before an answer')));
    asked.once('response', ({ ':status': code = 0 }) => {
      resolve(judge(health, code));
      session.destroy();
    });
  });
}

function check({ host, port, timeoutMs }: HealthQuestion): Promise<string | undefined> {
  const client = new HealthClient(`${host}:${port}`, credentials.createInsecure(), {
    // The environment's http_proxy is for the web.
    'grpc.enable_http_proxy': 0,
    'grpc.max_receive_message_length': 4096,
  });
  return new Promise((resolve) => {
    client.check({ service: '' }, new Metadata(), { deadline: Date.now() + timeoutMs }, (error, answer) => {
      client.close();
      if (error !== null) resolve(`grpc.health.v1.Health/Check failed: ${describe(error)}`);
      else if (answer.status === Serving.SERVING) resolve(undefined);
      else resolve('grpc.health.v1.Health/Check says that it is not serving');
    });
  });
}

function describe({ code, details }: ServiceError): string {
  return code === status.UNIMPLEMENTED ? 'it has no such service; add it, or set no health: grpc' : details;
}
