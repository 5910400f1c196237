import * as z from 'zod';
import { environmentFault } from '../instance/environment.ts';
import { parseBytes, parseCores } from './quantities.ts';
import { readSourceFile } from './source-file.ts';
import { readYaml } from './yaml.ts';

/** The file in which a service says outright how it is to be run. What it leaves out is found by other means. */
export const manifestFile = 'micro.yaml';

/** The least memory that a limit may leave: below this hardly any program starts. */
const leastMemoryBytes = 4 * 2 ** 20;
const leastCores = 0.01;

/** A line for the shell, the only place besides a Procfile where there is one: the user's own file asks for it. */
const shellLine = z
  .string('must be a command')
  .refine((line) => line.trim() !== '', 'is an empty command')
  .refine((line) => !line.includes('\0'), 'holds a zero byte');

const environment = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()], 'must be text, a number, true or false'), {
    error: 'must be names and values',
  })
  .transform((pairs) => Object.fromEntries(Object.entries(pairs).map(([name, value]) => [name, String(value)])))
  .superRefine((pairs, context) => {
    for (const [name, value] of Object.entries(pairs)) {
      const message = environmentFault(name, value);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
    }
  });

const quantity = (parse: (text: string) => number | undefined, least: number, rule: string) =>
  z
    .union([z.string(), z.number()], rule)
    .transform((value) => parse(String(value)) ?? Number.NaN)
    .refine((value) => value >= least, rule);

const schema = z.strictObject({
  name: z.string('must be text').optional(),
  build: z
    .union([shellLine.transform((line) => [line]), z.array(shellLine)], 'must be a command, or a list of commands')
    .optional(),
  command: z
    .union([shellLine, z.array(z.string()).nonempty()], 'must be a command, or the list of a program and its arguments')
    .optional(),
  env: environment.default({}),
  protocol: z.enum(['http', 'grpc'], 'must be http or grpc').optional(),
  health: z
    .string('must be a path')
    .regex(/^(grpc|\/[!-~]{0,1023})$/, 'must be a path that begins with "/", or grpc for the gRPC health service')
    .optional(),
  instances: z.int('must be a whole number').min(1, 'must be at least 1').max(999, 'must be at most 999').optional(),
  limits: z
    .strictObject({
      memory: quantity(parseBytes, leastMemoryBytes, 'must be at least 4Mi, for instance 256Mi').optional(),
      cpu: quantity(parseCores, leastCores, 'must be at least 0.01 cores, for instance 0.5 or 500m').optional(),
    })
    .default({}),
});

/**
 * What a micro.yaml says.
 *
 * - `name`: of the service, full or short
 * - `build`: lines for the shell, one after the other, in the place of what the language would do; none when empty
 * - `command`: what starts the service: a line for the shell, or a program and its arguments, which no shell reads
 * - `env`: environment, over which that of `micro run` goes
 * - `protocol`: what it speaks; found out from its first answer when left out
 * - `health`: path that answers 2xx when it is well, or "grpc" for grpc.health.v1
 * - `instances`: how many run when `micro run` does not say
 * - `limits`: of each instance: `memory` in bytes, `cpu` in cores
 */
export type Manifest = Readonly<z.infer<typeof schema>>;

/**
 * Reads the micro.yaml of a folder.
 *
 * @returns `undefined` when there is none
 * @throws ControlPlaneError `invalid` with every problem and the line it is on
 */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readSourceFile(folder, manifestFile);
  return text === undefined ? undefined : readYaml(`${folder}/${manifestFile}`, text, schema);
}
