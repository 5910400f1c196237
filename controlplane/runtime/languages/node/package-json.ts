import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ControlPlaneError } from '../../../errors.ts';

const longestBytes = 1024 * 1024;
const words = z.record(z.string(), z.string()).default({});

/** What the runtime reads of a package.json: https://docs.npmjs.com/cli/configuring-npm/package-json */
const schema = z.object({
  name: z.string().optional(),
  micro: z.object({ name: z.string().optional() }).optional(),
  main: z.string().optional(),
  scripts: words,
  dependencies: words,
  devDependencies: words,
  optionalDependencies: words,
  peerDependencies: words,
  workspaces: z.unknown().optional(),
});

export type PackageJson = z.infer<typeof schema>;

/** @throws ControlPlaneError `invalid` when the file is too large, no JSON, or not in npm's form */
export async function readPackageJson(folder: string): Promise<PackageJson> {
  const path = join(folder, 'package.json');
  const { size } = await stat(path);
  if (size > longestBytes) {
    throw new ControlPlaneError('invalid', `${path} has ${size} bytes; at most ${longestBytes} are read`);
  }
  const result = schema.safeParse(parse(path, await readFile(path, 'utf8')));
  if (!result.success) {
    throw new ControlPlaneError('invalid', `${path} is not as npm wants it: ${faults(result.error)}`);
  }
  return result.data;
}

/** Every fault on one line: "scripts.start: Invalid input: …". */
function faults({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new ControlPlaneError(
      'invalid',
      `${path} is no JSON: ${(error as SyntaxError).message.replace(/\s+/g, ' ')}`,
      { cause: error },
    );
  }
}
