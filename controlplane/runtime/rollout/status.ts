import type { Instance } from '../instance/instance.ts';
import { type Namespaces, servicePath } from '../source/name.ts';
import type { DeploymentStatus } from '../types.ts';
import type { Deployment } from './deployments.ts';

/** Puts together what should run of a service and what does. */
export function describeDeployment(options: {
  readonly deployment: Deployment;
  readonly instances: readonly Instance[];
  readonly trouble: string | undefined;
  readonly namespaces: Namespaces;
}): DeploymentStatus {
  const { deployment, instances, trouble = '', namespaces } = options;
  const { service, version, source, bundle, updatedUnixMs, canary } = deployment;
  return {
    service,
    version,
    source,
    bundle,
    updatedUnixMs,
    instancesWanted: deployment.instances,
    instances: instances.map(({ status }) => status),
    path: servicePath(service, namespaces),
    trouble,
    canary: canary && describeCanary(canary),
    keptVersions: deployment.history.map((release) => release.version),
  };
}

function describeCanary({
  release,
  instances,
  percent,
}: NonNullable<Deployment['canary']>): DeploymentStatus['canary'] {
  const { version, source, bundle } = release;
  return { version, source, bundle, instancesWanted: instances, percent };
}
