import { join } from 'node:path';
import * as z from 'zod';
import { ControlPlaneError } from '../../../errors.ts';
import { describeIssues, readSourceFile } from '../../project/source-file.ts';

const words = z.record(z.string(), z.string()).default({});

/** What the runtime reads of a package.json: https://docs.npmjs.com/cli/configuring-npm/package-json */
const schema = z.object({
  name: z.string().optional(),
  micro: z.object({ name: z.string().optional() }).optional(),
  main: z.string().optional(),
  packageManager: z.string().optional(),
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
  const text = (await readSourceFile(folder, 'package.json')) ?? '';
  const result = schema.safeParse(parse(path, text));
  if (!result.success) {
    throw new ControlPlaneError('invalid', `${path} is not as npm wants it: ${describeIssues(result.error)}`);
  }
  return result.data;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ControlPlaneError(
      'invalid',
      `${path} is no JSON: ${(error as SyntaxError).message.replace(/\s+/g, ' ')}`,
      { cause: error },
    );
  }
}
