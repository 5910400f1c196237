import { type BaseContext, Builtins, Cli, type Command } from 'clipanion';
import { commands } from './commands/index.ts';
import { commandIn, misuse } from './misuse.ts';
import { isTerminal } from './output/terminal.ts';

type Context = Pick<BaseContext, 'env' | 'stdin' | 'stdout' | 'stderr'>;

/**
 * Runs one command line.
 *
 * @param args without the name of the program
 * @param version of `micro server`
 * @returns the exit code: 0, 1 for a failed operation, 2 for wrong use
 */
export async function runCli(args: readonly string[], version: string, context: Context): Promise<number> {
  const cli = new ReadableCli({
    binaryName: 'micro',
    binaryLabel: 'micro server',
    binaryVersion: version,
    enableColors: isTerminal(context.stdout),
  });
  for (const command of [...commands, Builtins.HelpCommand, Builtins.VersionCommand]) cli.register(command);

  let command: Command;
  try {
    command = cli.process([...(helpAskedIn(args, cli) ?? args)], context);
  } catch (error) {
    // clipanion would print this to stdout, and ends with 1.
    context.stderr.write(`${misuse(args, error, cli)}\n`);
    return 2;
  }
  return cli.run(command, context);
}

/** Who asks for help on a command gets it, whatever else was typed already: clipanion knows it only right behind the command. */
function helpAskedIn(args: readonly string[], cli: Cli): readonly string[] | undefined {
  const path = args.some((arg) => arg === '--help' || arg === '-h') ? commandIn(args, cli)?.path : undefined;
  return path === undefined ? undefined : [...path.split(' '), '--help'];
}

/** clipanion, with what people cannot read of its help left out. */
class ReadableCli extends Cli {
  override usage(...args: Parameters<Cli['usage']>): string {
    // The list of all commands is for finding one; its flags are told by its own --help.
    const listed = (args[0] ?? null) === null;
    const usage = super.usage(...args).replace(/ #\d+\b/g, ' VALUE');
    return listed ? usage.replace(/ \[-[^\]]*\]/g, '') : usage;
  }
}
