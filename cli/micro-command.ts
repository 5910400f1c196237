import { Command } from 'clipanion';
import { describeError } from './errors.ts';

/** What git and builds reach others by: the ssh agent, settings, proxies, the certificates to be trusted. */
const forFetching =
  /^(SSH_AUTH_SOCK|XDG_CONFIG_HOME|(https?|no|all)_proxy|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|COREPACK_NPM_REGISTRY)$/i;

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
    const environment = { PATH, HOME, LANG };
    const given = Object.entries(this.context.env).filter(([name]) => forFetching.test(name));
    return {
      version: this.cli.binaryVersion ?? '',
      environment,
      fetchEnvironment: { ...environment, ...(Object.fromEntries(given) as Record<string, string>) },
    };
  }

  protected print(text: string): void {
    this.context.stdout.write(`${text}\n`);
  }
}
