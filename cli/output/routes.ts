import { Protocol, type Service, type Snapshot } from '../../proto/gen/micro/routes/v1/routes.ts';

/** One way to reach one version of a service. */
export interface Route {
  readonly entrypoint: 'http' | 'grpc';
  /** What the path of a request begins with. */
  readonly route: string;
  readonly service: string;
  /** "" when nothing of the service lives. */
  readonly version: string;
  /** Addresses. */
  readonly instances: readonly string[];
  /** Of the calls of the service, by weight. */
  readonly percent: number;
}

/** The route table as people see it, sorted by service, the http entrypoint first, then by version. */
export function listRoutes({ prefixes, services }: Snapshot): readonly Route[] {
  return services.flatMap((service) => {
    const versions = byVersion(service);
    const http = prefixes
      .filter(({ namespace }) => service.name.startsWith(`${namespace}.`))
      .map(({ path, namespace }) => ({
        entrypoint: 'http' as const,
        route: `${path}${pathName(service.name, namespace)}/`,
      }));
    const grpc = speaksGrpc(service) ? [{ entrypoint: 'grpc' as const, route: `/${service.name}.` }] : [];
    return [...http, ...grpc].flatMap((way) =>
      [...versions].map(([version, instances]) => ({
        ...way,
        service: service.name,
        version,
        instances: instances.map(({ address }) => address),
        percent: percentOf(instances, service),
      })),
    );
  });
}

/** "go.micro.api.v1.greeter" under "go.micro.api" is reached as "v1/greeter"; other names as they are. */
function pathName(service: string, namespace: string): string {
  return service.slice(namespace.length + 1).replace(/^(v\d+)\./, '$1/');
}

function speaksGrpc({ instances }: Service): boolean {
  return instances.some(({ protocol }) => protocol === Protocol.PROTOCOL_H2C);
}

function byVersion({ instances }: Service): ReadonlyMap<string, Service['instances']> {
  const versions = new Map<string, Service['instances']>();
  for (const instance of instances) {
    versions.set(instance.version, [...(versions.get(instance.version) ?? []), instance]);
  }
  if (versions.size === 0) return new Map([['', []]]);
  return new Map([...versions].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function percentOf(some: Service['instances'], { instances }: Service): number {
  const weigh = (all: Service['instances']): number => all.reduce((sum, { weight }) => sum + weight, 0);
  const total = weigh(instances);
  return total === 0 ? 0 : Math.round((1000 * weigh(some)) / total) / 10;
}
