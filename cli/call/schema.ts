import type { DescMethod, FileRegistry } from '@bufbuild/protobuf';
import { OperationError, UsageError } from '../errors.ts';

/** What is known of the gRPC services that a service consists of. */
export interface Schema {
  /** Full names: "go.micro.service.greeter.Say". */
  readonly services: readonly string[];
  /** One of these, and the types of its methods. */
  readonly describe: (service: string) => Promise<FileRegistry>;
}

export interface FoundMethod {
  readonly method: DescMethod;
  /** All that is known of types, for what a google.protobuf.Any may hold. */
  readonly types: FileRegistry;
}

/** Services that are described to tell somebody which methods there are: enough to find a slip of the pen. */
const maxDescribed = 20;

/**
 * The gRPC service and the method that an endpoint names: "Say.Hello", or in full "go.micro.service.greeter.Say/Hello".
 *
 * @throws UsageError for what is no endpoint
 */
export function readEndpoint(endpoint: string): { readonly serviceName: string; readonly methodName: string } {
  const [, serviceName, methodName] = /^\/?([\w.]+)[./](\w+)$/.exec(endpoint) ?? [];
  if (serviceName !== undefined && methodName !== undefined) return { serviceName, methodName };
  throw new UsageError(`"${endpoint}" is not an endpoint: write Service.Method or package.Service/Method`);
}

/**
 * The method that an endpoint names.
 *
 * @param of whose methods these are, for people to read
 * @throws UsageError for what is no endpoint, or names methods of several services
 * @throws OperationError where there is no such method, with those there are
 */
export async function findMethod(schema: Schema, endpoint: string, of: string): Promise<FoundMethod> {
  const { serviceName, methodName } = readEndpoint(endpoint);
  const matching = schema.services.includes(serviceName)
    ? [serviceName]
    : schema.services.filter((name) => name.endsWith(`.${serviceName}`));
  const [match] = matching;
  if (matching.length > 1) {
    const inFull = matching.map((name) => `${name}/${methodName}`).join(' or ');
    throw new UsageError(`"${endpoint}" may be a method of ${matching.length} services: write ${inFull}`);
  }
  if (match !== undefined) {
    const types = await schema.describe(match);
    const method = types.getService(match)?.methods.find(({ name }) => name === methodName);
    if (method) return { method, types };
  }
  throw new OperationError(`${of} has no method ${endpoint}: ${await listed(schema)}`);
}

async function listed(schema: Schema): Promise<string> {
  const names = schema.services.slice(0, maxDescribed);
  if (names.length === 0) return "it has none; 'micro services' lists what there is";
  const services = await Promise.all(names.map(async (name) => (await schema.describe(name)).getService(name)));
  const methods = services.flatMap((service) => service?.methods.map(({ name }) => `${service.name}.${name}`));
  return `it has ${methods.join(', ')}${names.length < schema.services.length ? ' and more' : ''}`;
}
