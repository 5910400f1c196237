import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import type { ServiceVersion } from '../registry/types.ts';
import { compileInternal, compilePrefixes, compileService } from './compile.ts';

/** What stands in the registry, beside the route that must come of it (null: none). */
interface GoldenCase {
  readonly service: string;
  readonly registered: readonly (Pick<ServiceVersion, 'version'> & {
    readonly instances: ServiceVersion['instances'];
  })[];
  readonly deployed?: boolean;
  readonly route: unknown;
}

const golden = join(import.meta.dirname, 'golden');
const protocolNames = new Map<number, string>(Object.entries(Protocol).map(([name, value]) => [value, name]));

describe('registry to route table', () => {
  test.each(readdirSync(golden))('%s', (file) => {
    const { service, registered, deployed, route } = JSON.parse(readFileSync(join(golden, file), 'utf8')) as GoldenCase;
    const versions = registered.map((version) => ({ name: service, metadata: {}, endpoints: [], ...version }));
    const compiled = compileService(service, versions, deployed ?? false);
    const readable = compiled && {
      ...compiled,
      instances: compiled.instances.map((instance) => ({
        ...instance,
        protocol: protocolNames.get(instance.protocol),
      })),
    };
    expect(readable ?? null).toEqual(route);
  });
});

test('the namespaces follow from their root', () => {
  expect(compilePrefixes('org.example').map(({ path, namespace }) => `${path} ${namespace}`)).toEqual([
    '/service/ org.example.service',
    '/api/ org.example.api',
    '/web/ org.example.web',
  ]);
});

test('internal systems are routed to the control plane, by gRPC', () => {
  const internal = { names: ['micro.routes.v1'], address: '127.0.0.1:8083', node: 'n1', version: '1.0.0' };
  const instance = {
    id: 'n1',
    version: '1.0.0',
    address: '127.0.0.1:8083',
    protocol: Protocol.PROTOCOL_H2C,
    weight: 1,
  };
  expect(compileInternal(internal)).toEqual([{ name: 'micro.routes.v1', instances: [instance] }]);
});
