import { Command } from 'clipanion';
import { describeError } from './errors.ts';

/** A command whose errors go to stderr without a stack trace, with the exit codes of this program. */
export abstract class MicroCommand extends Command {
  protected abstract run(): Promise<void>;

  override async execute(): Promise<number> {
    try {
      await this.run();
      return 0;
    } catch (error) {
      const { text, exitCode } = describeError(error);
      this.context.stderr.write(`${text}\n`);
      return exitCode;
    }
  }

  /** What a server has from the program that started it. */
  protected inherited() {
    const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME = '/', LANG = 'C.UTF-8' } = this.context.env;
    return { version: this.cli.binaryVersion ?? '', environment: { PATH, HOME, LANG } };
  }

  protected print(text: string): void {
    this.context.stdout.write(`${text}\n`);
  }
}
