import { compilePrefixes } from '../../controlplane/routes/compile.ts';
import { isLabel, serviceName, servicePath } from '../../controlplane/runtime/source/name.ts';
import { UsageError } from '../errors.ts';

/** Languages by what they are called on the command line. */
export const languages = { ts: 'TypeScript', js: 'JavaScript', go: 'Go', python: 'Python' } as const;
const kinds = ['service', 'api', 'web'] as const;

/** A service that is to be made. */
export interface NewService {
  /** A DNS label; also what its folder is called. */
  readonly name: string;
  readonly language: keyof typeof languages;
  readonly kind: (typeof kinds)[number];
  /** Full name: "go.micro.web.blog". */
  readonly service: string;
  /** Path of the `http` entrypoint that leads to it: "/web/blog/". */
  readonly path: string;
}

/**
 * Checks what a service is to be.
 *
 * @param namespace what the full names of services begin with
 * @throws UsageError with every problem
 */
export function describeNewService(options: {
  readonly name: string;
  readonly language: string;
  readonly kind: string;
  readonly namespace: string;
}): NewService {
  const { name, namespace } = options;
  const language = oneOf(Object.keys(languages) as NewService['language'][], options.language);
  const kind = oneOf(kinds, options.kind);
  const problems: string[] = [];
  if (!isLabel(name)) {
    problems.push(
      `"${name}" is no name for a service: it takes a-z, 0-9 and "-", at most 63 of them, no "-" at either end`,
    );
  }
  if (language === undefined) {
    problems.push(`--lang: "${options.language}" is none of ${Object.keys(languages).join(', ')}`);
  }
  if (kind === undefined) problems.push(`--kind: "${options.kind}" is none of ${kinds.join(', ')}`);
  if (problems.length > 0 || language === undefined || kind === undefined) throw new UsageError(problems.join('\n  '));

  const namespaces = compilePrefixes(namespace);
  const service = serviceName({ folder: `/${name}/${kind}`, given: name, declared: undefined, namespaces });
  return { name, language, kind, service, path: servicePath(service, namespaces) };
}

function oneOf<Item extends string>(items: readonly Item[], text: string): Item | undefined {
  return items.find((item) => item === text);
}
