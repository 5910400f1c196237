import { Command, Option } from 'clipanion';
import { makeLog } from '../log.ts';
import { MicroCommand } from '../micro-command.ts';
import { flag, readSettings } from '../settings/setting.ts';
import { dataDir, logLevel } from '../settings/settings.ts';

const settings = { dataDir, logLevel: { ...logLevel, default: 'warn' } };

export class ClusterSnapshotRestoreCommand extends MicroCommand {
  static override paths = [['cluster', 'snapshot', 'restore']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'make the content of a snapshot the state of a server that does not run',
    details: `
      The server that is started with this --data-dir next has the deployments of the snapshot. What is not in the data folder,
      such as the sources of services that were run from a folder, has to be given again with 'micro run'.
    `,
    examples: [
      ['On a new machine', 'micro cluster snapshot restore backup.json'],
      ['In the place of what is there', 'micro cluster snapshot restore backup.json --replace'],
    ],
  });

  file = Option.String();
  dataDir = flag(settings.dataDir);
  logLevel = flag(settings.logLevel);
  replace = Option.Boolean('--replace', false, { description: 'put state that is there aside' });

  protected override async run(): Promise<void> {
    const options = readSettings(settings, this, this.context.env);
    // Loaded here: it brings the store along.
    const { restoreSnapshot } = await import('../../controlplane/backup/restore.ts');
    const { keys, savedAt, keptAside } = await restoreSnapshot({
      file: this.file,
      dataDir: options.dataDir,
      replace: this.replace,
      log: await makeLog(options.logLevel),
    });
    this.print(`${options.dataDir} has the state of ${savedAt.toISOString()} (keys: ${keys})`);
    if (keptAside !== undefined) this.print(`what was there before is kept in ${keptAside}`);
  }
}
