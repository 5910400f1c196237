import { formatAddress } from '../../proto/channel/address.ts';
import {
  type Deployment,
  type RunRequest,
  RuntimeClient,
  type RunResponse,
  Step,
} from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from '../client-command.ts';
import { entrypointUrl } from '../entrypoint-url.ts';
import type { Steps } from '../output/steps.ts';

/** What it takes to bring a source to a running service. */
export interface Deploying {
  readonly server: Server;
  /** Brings the source to the server; `undefined` when there is nothing to run. */
  readonly prepare: (steps: Steps) => Promise<RunRequest['source']>;
  /** The rest of the request. */
  readonly request: Omit<RunRequest, 'source'>;
}

/** @returns what runs now; `undefined` when there was nothing to run */
export async function deploy({ server, prepare, request }: Deploying, steps: Steps): Promise<Deployment | undefined> {
  let deployment: Deployment | undefined;
  try {
    const source = await prepare(steps);
    if (source !== undefined) {
      for await (const response of server.client(RuntimeClient).run({ ...request, source })) {
        const { event } = response as RunResponse;
        if (event?.$case === 'step') steps.begin(stepNames[event.value.step] ?? '', event.value.detail);
        else if (event?.$case === 'output') steps.output(event.value);
        else deployment = event?.value;
      }
    }
  } catch (error) {
    steps.end('failed');
    throw error;
  }
  steps.end('done');
  return deployment;
}

/** What runs, and where to call it. */
export async function describeRunning(server: Server, { service, version, path }: Deployment): Promise<string> {
  const running = `${service} ${version} is running`;
  if (path === '') return `${running}; call it through ${formatAddress(server.address)} (grpc)`;
  return `${running}: ${await entrypointUrl(server)}${path}`;
}

const stepNames: Readonly<Partial<Record<Step, string>>> = {
  [Step.STEP_SOURCE]: 'source',
  [Step.STEP_BUNDLE]: 'bundle',
  [Step.STEP_BUILD]: 'build',
  [Step.STEP_START]: 'start',
  [Step.STEP_READY]: 'ready',
  [Step.STEP_ROUTED]: 'routed',
  [Step.STEP_STOP]: 'stop',
};
