import { fromBinary, toJsonString } from '@bufbuild/protobuf';
import { type Metadata, status } from '@grpc/grpc-js';
import { unary } from '../../proto/channel/client.ts';
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
  HealthClient,
} from '../../proto/gen/grpc/health/v1/health.ts';
import { dataPlanePackages, isInternalSystem } from '../../proto/internal-systems.ts';
import type { Server } from '../client-command.ts';
import { AnsweredError, isServiceError, OperationError } from '../errors.ts';
import { invoke } from './invoke.ts';
import { invokeJson } from './json-call.ts';
import { reflect } from './reflection.ts';
import { encodeRequest, parseRequest } from './request.ts';
import { findMethod, readEndpoint, type Schema } from './schema.ts';
import { goMicroError, serviceErrorJson } from './service-error.ts';

const unaryTimeoutMs = 5_000;

export interface CallOptions {
  /** In full, or in short under a namespace. */
  readonly service: string;
  readonly endpoint: string;
  readonly metadata: Metadata;
  /** 5,000 ms by default, and none for a stream of answers. */
  readonly timeoutMs: number | undefined;
  /** Read instead of asking by reflection. */
  readonly proto: { readonly path: string; readonly includes: readonly string[] } | undefined;
  /** JSON, read when the method is known. */
  readonly request: () => Promise<string>;
  /** Called with each answer, in JSON. */
  readonly onAnswer: (json: string) => void;
}

/**
 * Calls a method: see that its service lives, learn what its messages look like, call. Where that cannot be learnt, the
 * service is given JSON.
 *
 * @throws AnsweredError with the error that the service answered
 * @throws UsageError and OperationError for what stands before that
 */
export async function call(server: Server, options: CallOptions): Promise<void> {
  const { service, metadata } = options;
  if (!isOfServer(service)) {
    metadata.set('micro-service', service);
    await expectLive(server, service);
  }
  try {
    await callLive(server, options);
  } catch (error) {
    const isRefusedToken = isServiceError(error) && error.code === status.UNAUTHENTICATED && isInternalSystem(service);
    if (!isServiceError(error) || isRefusedToken) throw error;
    throw new AnsweredError(serviceErrorJson(error, service), { cause: error });
  }
}

async function callLive(server: Server, options: CallOptions): Promise<void> {
  const { service, endpoint, metadata, onAnswer } = options;
  const schema = await schemaOf(server, options);
  if (schema === undefined) return callInJson(server, options);
  const { method, types } = await findMethod(schema, endpoint, service);
  const { methodKind, input, output } = method;
  if (methodKind === 'client_streaming' || methodKind === 'bidi_streaming')
    throw new OperationError(`${endpoint} takes a stream of messages, and micro call sends one: use a client of it`);
  const request = encodeRequest(parseRequest(await options.request()), input, types);
  const timeoutMs = options.timeoutMs ?? (methodKind === 'unary' ? unaryTimeoutMs : Number.POSITIVE_INFINITY);
  for await (const answer of invoke(server, method, request, metadata, timeoutMs))
    onAnswer(toJsonString(output, fromBinary(output, answer), { registry: types }));
}

/** Calls a service that does not tell what its messages look like, and may know by itself what JSON becomes. */
async function callInJson(
  server: Server,
  { service, endpoint, metadata, onAnswer, ...options }: CallOptions,
): Promise<void> {
  const { serviceName, methodName } = readEndpoint(endpoint);
  const path = `/${serviceName.includes('.') ? '' : `${service}.`}${serviceName}/${methodName}`;
  const request = await options.request();
  parseRequest(request);
  try {
    const answers = invokeJson(server.address, path, request, metadata, options.timeoutMs ?? unaryTimeoutMs);
    for await (const answer of answers) onAnswer(oneLine(answer));
  } catch (cause) {
    if (!mayRefuseJson(cause)) throw cause;
    // What is no JSON may be anything, and is not for a terminal.
    const reason = isServiceError(cause) ? cause.details : 'it answered none';
    const refusal = `${service} offers no gRPC reflection, and takes no JSON (${reason})`;
    // The path begins with the name, and other servers than go-micro's look at all of it.
    const orInFull = service.includes('.') ? '' : ", or name it in full as 'micro services' does";
    throw new OperationError(`${refusal}: give its .proto file with --proto${orInFull}`, { cause });
  }
}

/** Whether this is what services answer that expected a message: no such method or codec, or bytes that are none. */
function mayRefuseJson(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  if (!isServiceError(error) || goMicroError(error.details)) return false;
  return [status.UNIMPLEMENTED, status.INTERNAL, status.UNKNOWN].includes(error.code);
}

/**
 * JSON as it is, 64-bit numbers too; a line break in it can only be between its parts.
 *
 * @throws SyntaxError for what is none
 */
function oneLine(json: string): string {
  JSON.parse(json);
  return json.replaceAll(/[\r\n]/g, ' ');
}

/** Whether the server itself answers, and is therefore the one to ask what its messages look like. */
function isOfServer(service: string): boolean {
  return isInternalSystem(service) || dataPlanePackages.includes(service);
}

/** @throws OperationError where there is no such service, or none of its instances lives */
async function expectLive(server: Server, service: string): Promise<void> {
  const health = server.client(HealthClient);
  const check = unary<HealthCheckResponse>((done) => health.check({ service }, done));
  const { status: serving } = await check.catch((cause: unknown) => {
    if (!isServiceError(cause) || cause.code !== status.NOT_FOUND) throw cause;
    throw new OperationError(`there is no service ${service}: 'micro services' lists those there are`, { cause });
  });
  if (serving !== Serving.SERVING)
    throw new OperationError(`${service} has no live instance: 'micro status' tells what became of them`);
}

async function schemaOf(server: Server, { service, metadata, proto }: CallOptions): Promise<Schema | undefined> {
  if (proto) {
    const { readProtoFile } = await import('./proto-file.ts');
    return readProtoFile(proto.path, proto.includes);
  }
  const schema = await reflect(server, metadata);
  if (!schema) return undefined;
  const isCallable = isOfServer(service)
    ? (name: string) => name.startsWith(`${service}.`)
    : (name: string) => !name.startsWith('grpc.reflection.');
  return { ...schema, services: schema.services.filter(isCallable) };
}
