/** What the names of internal systems begin with, and no other service's. */
export const internalPrefix = 'micro.';

/** Whether a service is a part of the control plane: "micro.runtime.v1". */
export function isInternalSystem(service: string): boolean {
  return service.startsWith(internalPrefix);
}

/** The packages of the services that every data plane answers itself. */
export const dataPlanePackages: readonly string[] = ['grpc.health.v1', 'grpc.reflection.v1', 'grpc.reflection.v1alpha'];
