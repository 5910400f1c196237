import type { Etcd3, IKeyValue } from 'etcd3';
import type { Logger } from 'pino';
import * as z from 'zod';
import { ControlPlaneError } from '../../errors.ts';
import { deploymentsPrefix } from '../keys.ts';
import { readStored, type Stored } from '../store-json.ts';

export const releaseSchema = z.object({
  version: z.string(),
  /** Where the source was: the absolute path of a folder. */
  source: z.string(),
  /** Digest: "sha256:…". */
  bundle: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  environment: z.record(z.string(), z.string()),
});

/** One version of a service, with all that it takes to run it again. */
export type Release = Readonly<z.infer<typeof releaseSchema>>;

/** A newer version beside the one that a deployment names, on trial with a share of the calls. */
const canarySchema = z.object({
  release: releaseSchema,
  instances: z.int().positive(),
  /** Its share of the calls. */
  percent: z.int().min(1).max(99),
});

const schema = releaseSchema.extend({
  /** Full name. */
  service: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/),
  instances: z.int().positive(),
  updatedUnixMs: z.int().nonnegative(),
  /** What ran before and can be rolled back to, newest first. */
  history: z.array(releaseSchema).default([]),
  canary: canarySchema.optional(),
  /** The node that runs it: see `ownership.ts`. */
  node: z.string().optional(),
});

/** The desired state of one service. */
export type Deployment = Readonly<z.infer<typeof schema>>;

/** A deployment, and the store revision that wrote it. */
export interface StoredDeployment {
  readonly deployment: Deployment;
  readonly revision: bigint;
}

/** What should run, as the store has it. */
export interface Deployments {
  /** @throws ControlPlaneError `failed` when the store holds something malformed there */
  get(service: string): Promise<StoredDeployment | undefined>;
  /** Sorted by service. A malformed one is logged and left out, and stays in the store for somebody to look at. */
  list(): Promise<readonly StoredDeployment[]>;
  /** The services that have a deployment, malformed ones too. */
  services(): Promise<readonly string[]>;
  /**
   * Writes a deployment in the place of `previous`, or where there is none.
   *
   * @returns the store revision that wrote it
   * @throws ControlPlaneError `conflict` when somebody else changed it since `previous` was read
   */
  put(deployment: Deployment, previous: StoredDeployment | undefined): Promise<bigint>;
  remove(service: string): Promise<void>;
}

export function openDeployments(options: { readonly client: Etcd3; readonly log: Logger }): Deployments {
  const { client, log } = options;
  const keyOf = (service: string): string => `${deploymentsPrefix}${service}`;
  return {
    async get(service) {
      const { kvs } = await client.get(keyOf(service)).exec();
      const [pair] = kvs;
      if (pair === undefined) return undefined;
      const stored = readDeployment(pair);
      if ('value' in stored) return stored.value;
      throw new ControlPlaneError(
        'failed',
        `the store holds a malformed deployment of ${service} (${stored.fault}); remove it with \`micro kill ${service}\``,
      );
    },
    async list() {
      const { kvs } = await client.getAll().prefix(deploymentsPrefix).sort('Key', 'Ascend').exec();
      return kvs.flatMap((pair) => {
        const stored = readDeployment(pair);
        if ('value' in stored) return stored.value;
        const key = pair.key.toString();
        log.warn({ key, fault: stored.fault }, 'the store holds a malformed deployment; it is passed over');
        return [];
      });
    },
    async services() {
      const keys = await client.getAll().prefix(deploymentsPrefix).sort('Key', 'Ascend').keys();
      return keys.map((key) => key.slice(deploymentsPrefix.length));
    },
    async put(deployment, previous) {
      const { service } = deployment;
      const { succeeded, header } = await client
        .if(keyOf(service), 'Mod', '==', String(previous?.revision ?? 0))
        .then(client.put(keyOf(service)).value(JSON.stringify(deployment)))
        .commit();
      if (succeeded) return BigInt(header.revision);
      throw new ControlPlaneError(
        'conflict',
        `the deployment of ${service} was changed by somebody else meanwhile; look at \`micro status\` and run it again`,
      );
    },
    async remove(service) {
      await client.delete().key(keyOf(service)).exec();
    },
  };
}

function readDeployment(pair: IKeyValue): Stored<StoredDeployment> {
  const stored = readStored(schema, pair.value.toString());
  if ('fault' in stored) return stored;
  const { value: deployment } = stored;
  // The name becomes the name of a folder, so it has to be the one that was checked when it was written.
  if (pair.key.toString() !== `${deploymentsPrefix}${deployment.service}`)
    return { fault: 'it belongs to another key' };
  return { value: { deployment, revision: BigInt(pair.mod_revision) } };
}
