import { Command } from 'clipanion';
import { MicroCommand } from '../micro-command.ts';
import { flag, readSettings } from '../settings/setting.ts';
import { dataDir } from '../settings/settings.ts';
import { readClusterToken } from '../token.ts';

export class ClusterTokenCommand extends MicroCommand {
  static override paths = [['cluster', 'token']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'print the secret that makes a node one of the cluster',
    details: `
      It is read from the data folder of a node on this machine, which need not run. Whoever has it can read and change
      everything in the cluster: hand it on in a file that only its owner can read.
    `,
    examples: [['For --cluster-token-file of another node', '(umask 077; micro cluster token > cluster-token)']],
  });

  dataDir = flag(dataDir);

  protected override async run(): Promise<void> {
    const settings = readSettings({ dataDir }, this, this.context.env);
    this.print(await readClusterToken(settings.dataDir));
  }
}
