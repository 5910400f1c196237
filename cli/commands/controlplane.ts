import { Command } from 'clipanion';
import { MicroCommand } from '../micro-command.ts';
import { startControl } from '../control.ts';
import { runPlanes } from '../planes.ts';
import { flag, readSettings } from '../settings/setting.ts';
import { controlPlaneSettings, dataDir, logLevel, token } from '../settings/settings.ts';

const settings = { dataDir, token, logLevel, ...controlPlaneSettings };

export class ControlPlaneCommand extends MicroCommand {
  static override paths = [['controlplane']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'start a control plane alone',
    details: "Data planes in processes of their own listen to it: see 'micro dataplane --help'.",
    examples: [['For data planes on this machine', 'micro controlplane']],
  });

  dataDir = flag(dataDir);
  control = flag(settings.control);
  etcd = flag(settings.etcd);
  etcdListen = flag(settings.etcdListen);
  namespace = flag(settings.namespace);
  servicesRepo = flag(settings.servicesRepo);
  readyTimeout = flag(settings.readyTimeout);
  instanceDrain = flag(settings.instanceDrain);
  token = flag(token);
  logLevel = flag(logLevel);

  protected override async run(): Promise<void> {
    const options = readSettings(settings, this, this.context.env);
    await runPlanes('controlplane', options, this.context.stdout, async (stack, log, stop) => {
      return stack.use(await startControl(options, this.inherited(), { stop }, log)).addresses;
    });
  }
}
