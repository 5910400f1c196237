import { parseAddress } from '../../proto/channel/address.ts';
import {
  type Delta,
  type HealthCheck,
  type Instance,
  Protocol,
  type Service,
  type Snapshot,
} from '../../proto/gen/micro/routes/v1/routes.ts';

/** Everything that is inconsistent in a snapshot; empty when it can be served. */
export function problemsOfSnapshot({ prefixes, services }: Snapshot): string[] {
  return [
    ...repeated(prefixes.map(({ path }) => path)).map((path) => `prefix "${path}" appears twice`),
    ...prefixes.flatMap(({ path, namespace }) => [
      ...(/^\/[^/]+\/$/.test(path) ? [] : [`prefix "${path}" is not one path segment between slashes`]),
      ...(namespace === '' || namespace.endsWith('.') ? [`prefix "${path}" has the namespace "${namespace}"`] : []),
    ]),
    ...problemsOfServices(services),
  ];
}

/** Everything that is inconsistent in a delta by itself; empty when it can be applied to its base. */
export function problemsOfDelta({ changed, removed }: Delta): string[] {
  const names = new Set(changed.map(({ name }) => name));
  return [
    ...problemsOfServices(changed),
    ...removed.filter((name) => names.has(name)).map((name) => `service "${name}" is both changed and removed`),
  ];
}

function problemsOfServices(services: readonly Service[]): string[] {
  return [
    ...repeated(services.map(({ name }) => name)).map((name) => `service "${name}" appears twice`),
    ...services.flatMap(({ name, instances }) => [
      ...(name === '' ? ['a service has no name'] : []),
      ...repeated(instances.map(({ id }) => id)).map((id) => `service "${name}" has the instance "${id}" twice`),
      ...instances.flatMap((instance) =>
        problemsOfInstance(instance).map((problem) => `service "${name}": ${problem}`),
      ),
    ]),
  ];
}

function problemsOfInstance({ id, address, protocol, healthCheck }: Instance): string[] {
  const problems: string[] = [];
  try {
    const parsed = parseAddress(address);
    if ('port' in parsed && (parsed.port === 0 || parsed.host === '')) {
      problems.push(`instance "${id}" has the address "${address}", which nothing can be reached at`);
    }
  } catch (error) {
    problems.push(`instance "${id}" has a malformed address: ${(error as TypeError).message}`);
  }
  if (protocol !== Protocol.PROTOCOL_HTTP1 && protocol !== Protocol.PROTOCOL_H2C) {
    problems.push(`instance "${id}" speaks a protocol (${protocol}) that this data plane does not know; upgrade it`);
  }
  if (healthCheck && !isUsable(healthCheck)) {
    problems.push(`instance "${id}" has a health check that cannot be made: ${JSON.stringify(healthCheck)}`);
  }
  return problems;
}

function isUsable({ path, intervalMs, timeoutMs, pass, fail }: HealthCheck): boolean {
  return /^\/[\x21-\x7e]*$/.test(path) && [intervalMs, timeoutMs, pass, fail].every((number) => number > 0);
}

function repeated(names: readonly string[]): string[] {
  if (new Set(names).size === names.length) return [];
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
