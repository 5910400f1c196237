import { isInternalSystem } from '../../proto/internal-systems.ts';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { ControlPlaneError } from '../errors.ts';
import { readHealthCheck } from './health-check.ts';
import type { Registered } from './types.ts';

/** Longest name, id and version: the limit of a DNS name, which addresses are. */
const maxLength = 253;

/** etcd refuses a request above 1.5 MiB; nobody describes a service at that length by intention. */
export const maxValueBytes = 512 * 1024;

/** Deepest description of a request: protobuf readers give up at 100 levels, of which the answer around it takes some. */
export const maxValueDepth = 32;

const serviceName = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const printable = /^[\x21-\x7e]+$/;

/**
 * What is wrong with an instance, each problem in words that name the value; empty when it may be routed to.
 * Names under `micro.` belong to internal systems.
 */
export function problemsOf({ name, version, instance }: Registered): readonly string[] {
  return [
    ...nameProblems(name),
    ...textProblems('version', version),
    ...textProblems('instance id', instance.id),
    ...addressProblems(instance.address),
  ];
}

/**
 * @param further problems of the request that are not the instance's
 * @throws ControlPlaneError `invalid` with every problem at once
 */
export function assertRegistrable(registered: Registered, further: readonly string[] = []): void {
  const problems = [...problemsOf(registered), ...readHealthCheck(registered.instance.metadata).problems, ...further];
  if (problems.length > 0) throw new ControlPlaneError('invalid', `cannot register: ${problems.join('; ')}`);
}

function nameProblems(name: string): readonly string[] {
  if (name.length > maxLength)
    return [`the service name has ${name.length} characters, at most ${maxLength} are allowed`];
  if (!serviceName.test(name)) {
    const allowed = 'letters, digits, "-" and "_" in parts separated by single dots';
    return [`the service name ${JSON.stringify(name)} must be ${allowed}`];
  }
  if (isInternalSystem(name)) return [`the service name ${name} is reserved: "micro." names internal systems`];
  return [];
}

function textProblems(what: string, text: string): readonly string[] {
  if (text.length > maxLength) return [`the ${what} has ${text.length} characters, at most ${maxLength} are allowed`];
  if (!printable.test(text)) return [`the ${what} ${JSON.stringify(text)} must be printable ASCII without spaces`];
  return [];
}

function addressProblems(address: string): readonly string[] {
  const what = 'the instance address';
  const limit = maxLength + ':65535'.length;
  if (address.length > limit) return [`${what} has ${address.length} characters, at most ${limit} are allowed`];
  try {
    const { host, port } = parseTcpAddress(address);
    if (host !== '' && port !== 0) return [];
  } catch {
    // Said below, in the words of this boundary.
  }
  return [`${what} ${JSON.stringify(address)} must be "host:port" with a port from 1 to 65535`];
}
