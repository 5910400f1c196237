import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import {
  type Deployment,
  InstanceState,
  type InstanceStatus,
  LogStream,
  type RunRequest,
  type RunResponse,
  type RuntimeServer,
  Step,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import { ControlPlaneError } from '../errors.ts';
import type { InstanceStatus as RuntimeInstance } from '../runtime/instance/state.ts';
import type { DeploymentStatus, RunEvent, RunSource, Runtime } from '../runtime/types.ts';
import { toServiceError, unaryHandler } from './status.ts';
import { uploadHandler } from './upload.ts';

export interface RuntimeServiceOptions {
  readonly runtime: Runtime;
  readonly log: Logger;
}

/** Lines of a log that are sent when the caller does not say how many. */
const defaultLogLines = 100;

/** The internal system `micro.runtime.v1`: `micro run`, `kill`, `status` and `logs`. */
export function runtimeService({ runtime, log }: RuntimeServiceOptions): RuntimeServer {
  return {
    findBundle: unaryHandler(log, ({ digest }) => ({ found: runtime.hasBundle(digest) })),
    uploadBundle: uploadHandler(runtime, log),
    run: streamHandler(log, async (call, signal) => {
      const { source, name, instances, environment } = call.request;
      const request = { source: runSource(source), name: name || undefined, instances: instances || 1, environment };
      const done = await runtime.run(request, (event) => void call.write({ event: eventMessage(event) }), signal);
      call.write({ event: { $case: 'done', value: deploymentMessage(done) } });
    }),
    kill: unaryHandler(log, async ({ service }) => ({ service: await runtime.kill(service) })),
    status: unaryHandler(log, async ({ service }) => ({
      deployments: (await runtime.status(service || undefined)).map(deploymentMessage),
    })),
    logs: streamHandler(log, async (call, signal) => {
      const { service, follow, lines = defaultLogLines } = call.request;
      for await (const line of await runtime.logs({ service, follow, lines }, signal)) {
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

function runSource(source: RunRequest['source']): RunSource {
  if (source === undefined) throw new ControlPlaneError('invalid', 'the run names no source');
  if (source.$case === 'location') return { type: 'location', location: source.value };
  const { bundle, folder, git } = source.value;
  const gitVersion =
    git?.$case === 'version' ? { version: git.value } : { reason: git?.value ?? 'the caller tells no version' };
  return { type: 'uploaded', bundle, folder, gitVersion };
}

const steps: Readonly<Record<Extract<RunEvent, { type: 'step' }>['step'], Step>> = {
  source: Step.STEP_SOURCE,
  bundle: Step.STEP_BUNDLE,
  build: Step.STEP_BUILD,
  start: Step.STEP_START,
  ready: Step.STEP_READY,
  routed: Step.STEP_ROUTED,
  stop: Step.STEP_STOP,
};

function eventMessage(event: RunEvent): RunResponse['event'] {
  if (event.type === 'output') return { $case: 'output', value: event.line };
  return { $case: 'step', value: { step: steps[event.step], detail: event.detail } };
}

function deploymentMessage({ instances, updatedUnixMs, ...deployment }: DeploymentStatus): Deployment {
  return { ...deployment, updatedUnixMs: BigInt(updatedUnixMs), instances: instances.map(instanceMessage) };
}

const states: Readonly<Record<RuntimeInstance['state']['status'], InstanceState>> = {
  starting: InstanceState.INSTANCE_STATE_STARTING,
  ready: InstanceState.INSTANCE_STATE_READY,
  'backing-off': InstanceState.INSTANCE_STATE_BACKING_OFF,
  stopping: InstanceState.INSTANCE_STATE_STOPPING,
};

function instanceMessage({ id, version, restarts, state }: RuntimeInstance): InstanceStatus {
  return {
    id,
    version,
    restarts,
    state: states[state.status],
    address: state.process?.address ?? '',
    pid: state.process?.pid ?? 0,
    startedUnixMs: BigInt(state.process?.startedUnixMs ?? 0),
    reason: state.status === 'backing-off' ? state.reason : '',
  };
}
