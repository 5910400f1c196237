import type { RoutedService, RouteTable } from './table.ts';

/**
 * The service that a gRPC call goes to, by its path ("/<package>.<Service>/<Method>") and its metadata `micro-service`;
 * 'no-table' as long as there is no route table.
 */
export type GrpcRoute = (path: string, microService: string | undefined) => RoutedService | undefined | 'no-table';

/**
 * Routes by the present table, but calls of what the data plane answers itself to that. A call that names a service by
 * metadata asks that one about itself.
 *
 * @param own leads to what the data plane answers itself
 */
export function grpcRoute(own: RouteTable, presentTable: () => RouteTable | undefined): GrpcRoute {
  return (path, microService) => {
    const ownService = microService === undefined ? routeGrpc(own, path, undefined) : undefined;
    if (ownService) return ownService;
    const present = presentTable();
    return present ? routeGrpc(present, path, microService) : 'no-table';
  };
}

/** The service that a gRPC call goes to: the one that `microService` names where it is sent, else the package of `path`. */
export function routeGrpc(
  table: RouteTable,
  path: string,
  microService: string | undefined,
): RoutedService | undefined {
  const name = microService ?? packageOf(path);
  return name === undefined ? undefined : serviceNamed(table, name);
}

/** The service with this full name; else the first with this name under a namespace. */
export function serviceNamed(table: RouteTable, name: string): RoutedService | undefined {
  const service = table.services.get(name);
  if (service) return service;
  for (const { namespace } of table.prefixes.values()) {
    const found = table.services.get(`${namespace}.${name}`);
    if (found) return found;
  }
  return undefined;
}

function packageOf(path: string): string | undefined {
  const packageEnd = path.lastIndexOf('.', path.indexOf('/', 1));
  return packageEnd < 1 ? undefined : path.slice(1, packageEnd);
}
