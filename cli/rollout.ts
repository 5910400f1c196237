import { formatAddress } from '../proto/channel/address.ts';
import { type Deployment, type RunResponse, Step } from '../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from './client-command.ts';
import { entrypointUrl } from './entrypoint-url.ts';
import type { Steps } from './output/steps.ts';

/**
 * Shows the steps of a rollout until it is over.
 *
 * @param begin asks the server for it; the responses are those of Run, or of an RPC that answers in the same way
 * @returns what runs then
 * @throws what the server says failed
 */
export async function showRollout(
  begin: (steps: Steps) => Promise<AsyncIterable<RunResponse>>,
  steps: Steps,
): Promise<Deployment | undefined> {
  let deployment: Deployment | undefined;
  try {
    for await (const { event } of await begin(steps)) {
      if (event?.$case === 'step') steps.begin(stepNames[event.value.step] ?? '', event.value.detail);
      else if (event?.$case === 'output') steps.output(event.value);
      else deployment = event?.value;
    }
  } catch (error) {
    steps.end('failed');
    throw error;
  }
  steps.end('done');
  return deployment;
}

/** What runs and where to call it: "go.micro.service.greeter v2 is running: http://…". Of a trial also how to end it. */
export async function describeRunning(server: Server, deployment: Deployment, is = 'is running'): Promise<string> {
  const { service, version, path, canary } = deployment;
  const where =
    path === ''
      ? `; call it through ${formatAddress(server.address)} (grpc)`
      : `: ${await entrypointUrl(server)}${path}`;
  if (canary === undefined) return `${service} ${version} ${is}${where}`;
  const trial = `${service} ${canary.version} gets ${canary.percent}% of the calls beside ${version}${where}`;
  return `${trial}\nend the trial with 'micro promote ${service}' or 'micro rollback ${service}'`;
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
