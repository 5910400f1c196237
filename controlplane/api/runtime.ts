import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import {
  LogStream,
  type RunRequest,
  type RunResponse,
  type RuntimeServer,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ControlPlaneError } from '../errors.ts';
import type { DeploymentStatus, RunEvent, RunSource, Runtime } from '../runtime/types.ts';
import { deploymentMessage, eventMessage, withoutLines } from './runtime-messages.ts';
import { toServiceError, unaryHandler } from './status.ts';
import { uploadHandler } from './upload.ts';

export interface RuntimeServiceOptions {
  readonly runtime: Runtime;
  readonly log: Logger;
}

/** Lines of a log that are sent when the caller does not say how many or since when. */
const defaultLogLines = 100;

/** Most lines of the past: they are sorted before the first is sent. */
const mostLogLines = 100_000;

/** The internal system `micro.runtime.v1`: `micro run` and what else changes or shows what runs. */
export function runtimeService({ runtime, log }: RuntimeServiceOptions): RuntimeServer {
  return {
    findBundle: unaryHandler(log, ({ digest }) => ({ found: runtime.hasBundle(digest) })),
    uploadBundle: uploadHandler(runtime, log),
    run: rolloutHandler(log, ({ source, name, instances, environment, percent }, onEvent, signal) => {
      const request = {
        source: runSource(source),
        name: name || undefined,
        instances: instances || undefined,
        environment,
        percent,
      };
      return runtime.run(request, onEvent, signal);
    }),
    update: rolloutHandler(log, ({ service, uploaded }, onEvent, signal) => {
      const source = uploaded && runSource({ $case: 'uploaded', value: uploaded });
      return runtime.update({ service, source }, onEvent, signal);
    }),
    rollback: rolloutHandler(log, ({ service, version }, onEvent, signal) =>
      runtime.rollback({ service, version: version || undefined }, onEvent, signal),
    ),
    promote: rolloutHandler(log, ({ service }, onEvent, signal) => runtime.promote(service, onEvent, signal)),
    kill: unaryHandler(log, async ({ service }) => ({ service: await runtime.kill(service) })),
    status: unaryHandler(log, async ({ service }) => {
      const found = await runtime.status(service || undefined);
      const usage = await runtime.usage(found);
      const deployments = found.map((deployment) => deploymentMessage(deployment, usage));
      return { deployments: service === '' ? deployments.map(withoutLines) : deployments };
    }),
    logs: streamHandler(log, async (call, signal) => {
      const { service, follow, instance, build, sinceUnixMs } = call.request;
      const since = Number(sinceUnixMs);
      const lines = Math.min(call.request.lines ?? (since > 0 ? mostLogLines : defaultLogLines), mostLogLines);
      const request = { service, follow, lines, sinceUnixMs: since, instance: instance || undefined, build };
      for await (const line of await runtime.logs(request, signal)) {
        const written = call.write({
          instance: line.instance,
          timeUnixMs: BigInt(Math.floor(line.timeMicros / 1000)),
          stream: line.stream === 'stdout' ? LogStream.LOG_STREAM_STDOUT : LogStream.LOG_STREAM_STDERR,
          line: line.text,
        });
        if (!written) await once(call, 'drain', { signal });
      }
    }),
  };
}

/** Answers a call with a stream, which ends when `handle` does; `signal` is aborted when the caller is gone. */
function streamHandler<Request, Response>(
  log: Logger,
  handle: (call: ServerWritableStream<Request, Response>, signal: AbortSignal) => Promise<void>,
): (call: ServerWritableStream<Request, Response>) => void {
  return (call) => {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort(new ControlPlaneError('unavailable', 'the caller went away')));
    handle(call, gone.signal).then(
      () => call.end(),
      (error: unknown) => {
        if (!gone.signal.aborted) call.emit('error', toServiceError(error, log));
      },
    );
  };
}

/** Answers with what happens on the way to what should run, and with that in the end. */
function rolloutHandler<Request>(
  log: Logger,
  roll: (request: Request, onEvent: (event: RunEvent) => void, signal: AbortSignal) => Promise<DeploymentStatus>,
): (call: ServerWritableStream<Request, RunResponse>) => void {
  return streamHandler(log, async (call, signal) => {
    const onEvent = (event: RunEvent): void => void call.write({ event: eventMessage(event) });
    const done = await roll(call.request, onEvent, signal);
    call.write({ event: { $case: 'done', value: deploymentMessage(done) } });
  });
}

function runSource(source: RunRequest['source']): RunSource {
  if (source === undefined) throw new ControlPlaneError('invalid', 'the run names no source');
  if (source.$case === 'location') return { type: 'location', location: source.value };
  const { bundle, folder, git } = source.value;
  const gitVersion =
    git?.$case === 'version' ? { version: git.value } : { reason: git?.value ?? 'the caller tells no version' };
  return { type: 'uploaded', bundle, folder, gitVersion };
}
