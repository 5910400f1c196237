import { Option } from 'clipanion';
import type * as z from 'zod';
import { UsageError } from '../errors.ts';

/** One thing that a user can set, by flag or by environment. */
export interface Setting<
  Schema extends z.ZodType<unknown, string | undefined> = z.ZodType<unknown, string | undefined>,
> {
  /** "--data-dir"; the environment variable follows from it: MICRO_DATA_DIR. */
  readonly flag: `--${string}`;
  /** Shown in `--help`, with the default. */
  readonly description: string;
  readonly default?: string;
  /** The flag of a setting that has to be given with this one. */
  readonly requires?: `--${string}`;
  /** The flag of a setting that cannot be given with this one. */
  readonly excludes?: `--${string}`;
  /** Checks and converts the text. */
  readonly schema: Schema;
}

/** The clipanion option of a setting. It carries the text as given, so that `readSettings` can judge all at once. */
export function flag({ flag, description, default: fallback }: Setting): string | undefined {
  const note = fallback === undefined ? '' : ` (default: ${fallback})`;
  return Option.String(flag, { description: `${description}${note}` });
}

type Values<Settings extends Readonly<Record<string, Setting>>> = {
  readonly [Name in keyof Settings]: z.output<Settings[Name]['schema']>;
};

/**
 * Reads settings: the flag beats the environment variable beats the default.
 *
 * @throws UsageError that lists every setting that is wrong, was given without one that it requires, or with one that it excludes
 */
export function readSettings<Settings extends Readonly<Record<string, Setting>>>(
  settings: Settings,
  flags: { readonly [Name in keyof Settings]: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Values<Settings> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  const given = new Map(
    Object.entries(settings).map(([name, { flag }]) => [flag, flags[name] ?? environment[variableOf(flag)]]),
  );
  for (const [name, { flag, default: fallback, requires, excludes, schema }] of Object.entries(settings)) {
    const where = flags[name] === undefined ? variableOf(flag) : flag;
    const text = given.get(flag);
    const result = schema.safeParse(text ?? fallback);
    if (result.success) values[name] = result.data;
    else for (const issue of result.error.issues) problems.push(`${where}: ${issue.message}`);
    if (requires !== undefined && text !== undefined && given.get(requires) === undefined)
      problems.push(`${where}: it needs ${requires} too`);
    if (excludes !== undefined && text !== undefined && given.get(excludes) !== undefined)
      problems.push(`${where}: it cannot be given with ${excludes}`);
  }
  if (problems.length > 0) throw new UsageError(['the configuration is wrong:', ...problems].join('\n  '));
  return values as Values<Settings>;
}

/** "--data-dir" → "MICRO_DATA_DIR". */
function variableOf(flag: string): string {
  return `MICRO_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
}
