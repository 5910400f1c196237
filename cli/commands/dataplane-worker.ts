import { MicroCommand } from '../micro-command.ts';
import { runWorker, workerArgs } from '../workers.ts';

/** What `--workers` starts. Without a usage, it is not in the help. */
export class DataPlaneWorkerCommand extends MicroCommand {
  static override paths = [workerArgs];

  protected override async run(): Promise<void> {
    await runWorker();
  }
}
