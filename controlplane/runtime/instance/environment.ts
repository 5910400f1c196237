import { ControlPlaneError } from '../../errors.ts';
import { markVariable } from './mark.ts';

/**
 * The whole environment of an instance; of the server's own it has what is in `base` and nothing else. Besides `PORT`, the
 * names are those that go-micro services read (v2: MICRO_SERVER_…, v3: MICRO_SERVICE_…).
 *
 * @param options.base PATH, HOME, LANG
 * @param options.own what the deployment asks for
 */
export function instanceEnvironment(options: {
  readonly base: Readonly<Record<string, string>>;
  readonly own: Readonly<Record<string, string>>;
  readonly service: string;
  readonly version: string;
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly mark: string;
}): Record<string, string> {
  const { base, own, service, version, id, host, port, mark } = options;
  const given: Record<GivenVariable, string> = {
    PORT: String(port),
    MICRO_SERVER_ADDRESS: `${host}:${port}`,
    MICRO_SERVICE_ADDRESS: `${host}:${port}`,
    MICRO_SERVER_NAME: service,
    MICRO_SERVICE_NAME: service,
    MICRO_SERVER_VERSION: version,
    MICRO_SERVICE_VERSION: version,
    MICRO_SERVER_ID: id,
    [markVariable]: mark,
  };
  return { ...base, NODE_ENV: 'production', ...own, ...given };
}

const givenVariables = [
  'PORT',
  'MICRO_SERVER_ADDRESS',
  'MICRO_SERVICE_ADDRESS',
  'MICRO_SERVER_NAME',
  'MICRO_SERVICE_NAME',
  'MICRO_SERVER_VERSION',
  'MICRO_SERVICE_VERSION',
  'MICRO_SERVER_ID',
  markVariable,
] as const;
type GivenVariable = (typeof givenVariables)[number];

/** Bytes that the names and values of a deployment's environment may have together. */
const largestEnvironment = 64 * 1024;

/** @throws ControlPlaneError `invalid`, naming the variable, when a deployment may not set it so */
export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(environment)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    const fault = environmentFault(name, value);
    if (fault !== undefined) {
      throw new ControlPlaneError('invalid', `the environment variable ${JSON.stringify(name)} ${fault}`);
    }
  }
  if (bytes > largestEnvironment) {
    throw new ControlPlaneError(
      'invalid',
      `the environment has ${bytes} bytes, more than ${largestEnvironment}; put large values into a file of the source`,
    );
  }
}

/** What is wrong with a variable that a deployment or a micro.yaml sets; `undefined` when nothing is. */
export function environmentFault(name: string, value: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'is misnamed: letters, digits and "_", no digit first';
  if (value.includes('\0')) return 'holds a zero byte, which no environment can carry';
  if (givenVariables.some((given) => given === name)) return 'is set by the server for each instance; leave it out';
  return undefined;
}
