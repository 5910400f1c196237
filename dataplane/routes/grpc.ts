import type { RoutedService, RouteTable } from './table.ts';

/**
 * The service that a gRPC call goes to: the one that the metadata `micro-service` names where it is sent; else the
 * package of `path` ("/<package>.<Service>/<Method>") as a full service name; else the package under each namespace.
 */
export function routeGrpc(
  table: RouteTable,
  path: string,
  microService: string | undefined,
): RoutedService | undefined {
  if (microService !== undefined) return table.services.get(microService);
  const packageEnd = path.lastIndexOf('.', path.indexOf('/', 1));
  if (packageEnd < 1) return undefined;
  const name = path.slice(1, packageEnd);
  const service = table.services.get(name);
  if (service) return service;
  for (const { namespace } of table.prefixes.values()) {
    const found = table.services.get(`${namespace}.${name}`);
    if (found) return found;
  }
  return undefined;
}
