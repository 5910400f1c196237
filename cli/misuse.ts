import type { Cli } from 'clipanion';
import { closest, distance } from 'fastest-levenshtein';

interface Definition {
  /** Its words, without the name of the program. */
  readonly path: string;
  readonly flags: readonly string[];
}

/** The command that a command line begins with, whether the rest fits it or not. */
export function commandIn(args: readonly string[], cli: Cli): Definition | undefined {
  const words = wordsOf(args);
  return definitionsOf(cli)
    .filter(({ path }) => path.split(' ').every((word, index) => words[index] === word))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
}

const wordsOf = (args: readonly string[]): readonly string[] => args.filter((arg) => !arg.startsWith('-'));

function definitionsOf(cli: Cli): readonly Definition[] {
  return cli.definitions().map((definition) => ({
    path: definition.path.replace(/^micro /, ''),
    flags: definition.options.flatMap(({ definition: text }) => text.match(/--[a-z-]+/g) ?? []),
  }));
}

/** One line for a command line that fits no command, with the nearest one that exists. */
export function misuse(args: readonly string[], error: unknown, cli: Cli): string {
  const definitions = definitionsOf(cli);
  const named = wordsOf(args);
  const command = commandIn(args, cli);

  if (command === undefined) {
    const typed = named.slice(0, 2).join(' ');
    const near =
      nearest(
        typed,
        definitions.map(({ path }) => path),
      ) ??
      nearest(
        named[0] ?? '',
        definitions.map(({ path }) => path),
      );
    if (typed === '') return "micro needs a command; 'micro --help' lists them";
    return `micro has no command '${typed}'${suggestion(near && `micro ${near}`)} 'micro --help' lists them`;
  }

  const help = `'micro ${command.path} --help' shows how it is used`;
  const flag = args
    .map((arg) => arg.split('=')[0] ?? arg)
    .find((arg) => arg.startsWith('--') && !command.flags.includes(arg));
  if (flag !== undefined) {
    return `micro ${command.path} has no flag ${flag}${suggestion(nearest(flag, command.flags))} ${help}`;
  }
  return `micro ${command.path}: ${reason(error)}; ${help}`;
}

/** What clipanion says of it, in words that fit one line. */
function reason(error: unknown): string {
  const [first = 'wrong use'] = error instanceof Error ? error.message.split('\n') : [];
  if (first === 'Not enough positional arguments.') return 'an argument is missing';
  // The best it can say where two words stand for a command that takes at most one.
  if (first.startsWith('Command not found')) return 'it was given too many arguments';
  return first.replace(/\.$/, '');
}

const suggestion = (near: string | undefined): string => (near === undefined ? ';' : `: did you mean '${near}'?`);

/** The candidate that is at most a third of its length away from what was typed, or has the same letters. */
function nearest(typed: string, candidates: readonly string[]): string | undefined {
  if (typed === '' || candidates.length === 0) return undefined;
  const candidate = closest(typed, candidates);
  const isNear = distance(typed, candidate) <= Math.max(1, candidate.length / 3);
  return isNear || letters(typed) === letters(candidate) ? candidate : undefined;
}

const letters = (word: string): string => word.split('').toSorted().join('');
