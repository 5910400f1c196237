import { isNode, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { ControlPlaneError } from '../../errors.ts';

/** Each use of an alias copies what it stands for: a few lines could ask for gigabytes. */
const mostAliases = 32;

/**
 * Reads YAML 1.2 as `schema` wants it. An empty text is an empty mapping.
 *
 * @param path names it in errors
 * @throws ControlPlaneError `invalid` with every problem and the line it is on
 */
export function readYaml<Schema extends z.ZodType>(path: string, text: string, schema: Schema): z.output<Schema> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw problems(
      path,
      faults.map(({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}`),
    );
  }
  const result = schema.safeParse(valueOf(path, document) ?? {});
  if (result.success) return result.data;
  throw problems(
    path,
    result.error.issues.map((issue) => {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
      const at = [...issue.path, ...unknown.slice(0, 1)];
      const node = at.length === 0 ? document.contents : document.getIn(at, true);
      const start = isNode(node) ? node.range?.[0] : undefined;
      const line = start === undefined ? '' : `line ${lines.linePos(start).line}: `;
      if (unknown.length > 0) return `${line}no such setting: ${[...issue.path, unknown.join(', ')].join('.')}`;
      return `${line}${issue.path.join('.')}${issue.path.length > 0 ? ' ' : ''}${issue.message}`;
    }),
  );
}

function valueOf(path: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    throw problems(path, [(error as Error).message]);
  }
}

function problems(path: string, faults: readonly string[]): ControlPlaneError {
  return new ControlPlaneError('invalid', `${path} cannot be used: ${faults.join('; ')}`);
}
