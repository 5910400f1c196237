import { ControlPlaneError } from '../errors.ts';
import type { Endpoint, Registered, RegistryInstance, Value } from './types.ts';
import { maxValueBytes, maxValueDepth } from './validate.ts';

/**
 * Writes go-micro's JSON; the same instance always becomes the same bytes.
 *
 * @throws ControlPlaneError `invalid` when nobody could read it: it is too large, or nested too deep
 */
export function encodeRegistered({ name, version, metadata, endpoints, instance }: Registered): Buffer {
  const value = Buffer.from(
    JSON.stringify({
      name,
      version,
      metadata: sorted(metadata),
      endpoints: endpoints.map((endpoint) => ({
        name: endpoint.name,
        // go-micro's own tools crash on null here.
        request: endpoint.request ?? {},
        response: endpoint.response ?? {},
        metadata: sorted(endpoint.metadata),
      })),
      nodes: [{ id: instance.id, address: instance.address, metadata: sorted(instance.metadata) }],
    }),
  );
  try {
    decodeRegistered(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ControlPlaneError('invalid', `cannot register ${name}: ${error.message}`, { cause: error });
  }
  return value;
}

/**
 * Reads go-micro's JSON: one `Registered` for each of its nodes. What may be left out may also be null.
 *
 * @throws TypeError that says what is wrong with the value
 */
export function decodeRegistered(bytes: Buffer): readonly Registered[] {
  if (bytes.length > maxValueBytes)
    throw new TypeError(`it has ${bytes.length} bytes, at most ${maxValueBytes} are read`);
  const service = asObject(parse(bytes), 'the value');
  const name = asText(service['name'], 'name');
  const version = asText(service['version'], 'version');
  const metadata = asMetadata(service['metadata'], 'metadata');
  const endpoints = asList(service['endpoints'], 'endpoints').map(asEndpoint);
  const nodes = asList(service['nodes'], 'nodes');
  if (nodes.length === 0) throw new TypeError('it has no nodes');
  return nodes.map((node) => ({ name, version, metadata, endpoints, instance: asInstance(node) }));
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new TypeError('it is not JSON');
  }
}

function asInstance(value: unknown): RegistryInstance {
  const node = asObject(value, 'nodes[]');
  return {
    id: asText(node['id'], 'nodes[].id'),
    address: asText(node['address'], 'nodes[].address'),
    metadata: asMetadata(node['metadata'], 'nodes[].metadata'),
  };
}

function asEndpoint(value: unknown): Endpoint {
  const endpoint = asObject(value, 'endpoints[]');
  return {
    name: asText(endpoint['name'], 'endpoints[].name'),
    request: asValue(endpoint['request'], 'endpoints[].request'),
    response: asValue(endpoint['response'], 'endpoints[].response'),
    metadata: asMetadata(endpoint['metadata'], 'endpoints[].metadata'),
  };
}

/** Undefined for go's zero value, `{}`, too. */
function asValue(value: unknown, where: string): Value | undefined {
  if (value === undefined || value === null) return undefined;
  const { name, type, values } = asDescription(value, where, maxValueDepth);
  return name === '' && type === '' && values.length === 0 ? undefined : { name, type, values };
}

function asDescription(value: unknown, where: string, depthLeft: number): Value {
  if (depthLeft === 0) throw new TypeError(`${where} is nested deeper than ${maxValueDepth} levels`);
  const object = asObject(value, where);
  return {
    name: asText(object['name'], `${where}.name`),
    type: asText(object['type'], `${where}.type`),
    values: asList(object['values'], `${where}.values`).map((inner) => asDescription(inner, where, depthLeft - 1)),
  };
}

function asMetadata(value: unknown, where: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const entries = Object.entries(asObject(value, where));
  return Object.fromEntries(entries.map(([key, text]) => [key, asText(text, `${where}.${key}`)]));
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw new TypeError(`${where} is not an object`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asList(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new TypeError(`${where} is not a list`);
}

function asText(value: unknown, where: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new TypeError(`${where} is not text`);
}

function sorted(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
