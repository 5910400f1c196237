import { parse } from 'smol-toml';
import type * as z from 'zod';
import { ControlPlaneError } from '../../errors.ts';
import { describeIssues, readSourceFile } from '../project/source-file.ts';

/**
 * Reads a TOML 1.0 file of a source as `schema` wants it.
 *
 * @returns `undefined` when there is none
 * @throws ControlPlaneError `invalid` when it is too large, no TOML, or not in the form of `schema`
 */
export async function readToml<Schema extends z.ZodType>(
  folder: string,
  name: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const text = await readSourceFile(folder, name);
  if (text === undefined) return undefined;
  const result = schema.safeParse(parseText(`${folder}/${name}`, text));
  if (result.success) return result.data;
  throw new ControlPlaneError('invalid', `${folder}/${name} cannot be used: ${describeIssues(result.error)}`);
}

function parseText(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const [fault = ''] = (error as Error).message.split('\n');
    throw new ControlPlaneError('invalid', `${path} is no TOML: ${fault}`, { cause: error });
  }
}
