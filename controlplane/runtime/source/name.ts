import { isInternalSystem } from '../../../proto/internal-systems.ts';
import { basename, dirname } from 'node:path';
import type { Prefix } from '../../../proto/gen/micro/routes/v1/routes.ts';
import { ControlPlaneError } from '../../errors.ts';

/** The prefixes of the `http` entrypoint and the namespaces they lead to. */
export type Namespaces = readonly Prefix[];

/** RFC 1123, section 2.1, in the lower case that URLs and keys are compared in. */
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const longestName = 253;

/**
 * The full name of the service in a folder.
 *
 * A name under the root of the namespaces (`go.micro.`) is full and stands. A short one is put under the namespace that
 * the folder's last part tells (`…/helloworld/web` → `go.micro.web.helloworld`), else under that of services.
 *
 * @param options.given what the user wants it to be called; goes before what the source declares
 * @param options.declared what the source calls itself; the folder's name when it does not
 * @throws ControlPlaneError `invalid` when the name does not fit, or is reserved
 */
export function serviceName(options: {
  readonly folder: string;
  readonly given: string | undefined;
  readonly declared: string | undefined;
  readonly namespaces: Namespaces;
}): string {
  const { folder, given, declared, namespaces } = options;
  const last = basename(folder);
  const isPart = last === 'api' || last === 'web';
  // `npm init` declares the folder's name, which in `helloworld/web` is no more than the kind.
  const own = declared !== undefined && !(isPart && declared === last) ? declared : undefined;
  const name = given ?? own ?? basename(isPart ? dirname(folder) : folder);
  if (name === 'micro' || isInternalSystem(name)) {
    throw new ControlPlaneError(
      'invalid',
      `the name ${name} is reserved: names under "micro." are the server's own; choose another with --name`,
    );
  }
  const namespace = namespaceOf(isPart ? last : 'service', namespaces);
  const root = namespace.slice(0, namespace.lastIndexOf('.') + 1);
  const full = name.startsWith(root) ? name : `${namespace}.${name}`;
  checkLabels(name, full);
  return full;
}

/** Path on the `http` entrypoint that leads to a service: "/service/greeter/"; empty when none does. */
export function servicePath(service: string, namespaces: Namespaces): string {
  const prefix = namespaces.find(({ namespace }) => service.startsWith(`${namespace}.`));
  if (prefix === undefined) return '';
  // A first part that is the version of an API is a part of the path too: "/api/v1/greeter/".
  const name = service.slice(prefix.namespace.length + 1).replace(/^(v\d+)\./, '$1/');
  return `${prefix.path}${name}/`;
}

/**
 * The service that a name given by the user stands for: the one that has it in full, or else the only one that has it
 * under a namespace.
 *
 * @throws ControlPlaneError `not-found` when there is none, `invalid` when there are several
 */
export function resolveName(name: string, services: readonly string[], namespaces: Namespaces): string {
  if (services.includes(name)) return name;
  const possible = new Set(namespaces.map(({ namespace }) => `${namespace}.${name}`));
  const [service, ...others] = new Set(services.filter((service) => possible.has(service)));
  if (service === undefined) {
    throw new ControlPlaneError('not-found', `nothing called ${name} is deployed; \`micro status\` lists what is`);
  }
  if (others.length === 0) return service;
  throw new ControlPlaneError('invalid', `${name} may be ${[service, ...others].join(' or ')}; give the full name`);
}

function namespaceOf(kind: string, namespaces: Namespaces): string {
  const prefix = namespaces.find(({ path }) => path === `/${kind}/`);
  if (prefix === undefined) throw new ControlPlaneError('internal', `no prefix leads to the namespace of /${kind}/`);
  return prefix.namespace;
}

/** Whether a text is one part of a name: a DNS label. */
export function isLabel(text: string): boolean {
  return label.test(text);
}

function checkLabels(name: string, full: string): void {
  if (full.length <= longestName && full.split('.').every(isLabel)) return;
  const bad = [...new Set(name.match(/[^a-z0-9.-]/gu) ?? [])].map((character) => JSON.stringify(character));
  const fault =
    bad.length > 0 ? `${bad.join(', ')} cannot stand in it` : 'a part of it is empty, too long, or has "-" at an end';
  throw new ControlPlaneError(
    'invalid',
    `${JSON.stringify(name)} is no name for a service: ${fault}. Each part between dots is a DNS label: a-z, 0-9 and "-", ` +
      `at most 63 of them, no "-" at either end; ${longestName} in all. Choose another with --name`,
  );
}
