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
  const { service, version, source, bundle, updatedUnixMs } = deployment;
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
  };
}
