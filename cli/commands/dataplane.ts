import { hostname } from 'node:os';
import { Command } from 'clipanion';
import { dialRoutes } from '../../proto/routes/dial.ts';
import { MicroCommand } from '../micro-command.ts';
import { graceAfter, runPlanes, startData } from '../planes.ts';
import { flag, readSettings } from '../settings/setting.ts';
import { controlPlaneSettings, dataDir, dataPlaneSettings, logLevel, token } from '../settings/settings.ts';
import { readToken } from '../token.ts';
import { startDataWorkers } from '../workers.ts';

const control = { ...controlPlaneSettings.control, description: 'control plane that the route table comes from' };
const settings = { dataDir, token, logLevel, control, ...dataPlaneSettings };

export class DataPlaneCommand extends MicroCommand {
  static override paths = [['dataplane']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'start a data plane alone',
    details: `
      It goes on serving from the last route table when the control plane is away, and starts from it too. The token is that
      of the control plane.
    `,
    examples: [['Beside a control plane', 'micro dataplane --control 127.0.0.1:8083']],
  });

  dataDir = flag(dataDir);
  control = flag(control);
  http = flag(settings.http);
  grpc = flag(settings.grpc);
  admin = flag(settings.admin);
  workers = flag(settings.workers);
  tlsCert = flag(settings.tlsCert);
  tlsKey = flag(settings.tlsKey);
  trustedProxies = flag(settings.trustedProxies);
  accessLog = flag(settings.accessLog);
  headTimeout = flag(settings.headTimeout);
  idleTimeout = flag(settings.idleTimeout);
  connectTimeout = flag(settings.connectTimeout);
  answerTimeout = flag(settings.answerTimeout);
  maxStreams = flag(settings.maxStreams);
  drainGrace = flag(settings.drainGrace);
  drain = flag(settings.drain);
  token = flag(token);
  logLevel = flag(logLevel);

  protected override async run(): Promise<void> {
    const options = readSettings(settings, this, this.context.env);
    // Before anything is started.
    const given = options.token ?? (await readToken(options.dataDir));
    await runPlanes('dataplane', options, this.context.stdout, async (stack, log, signal) => {
      const node = hostname();
      const routes = dialRoutes({ address: options.control, token: given });
      const starting =
        options.workers === 1
          ? startData(options, { node, routes }, log)
          : startDataWorkers({ ...options, token: given }, { node, control: options.control }, this.context.env, log);
      return stack.adopt(await starting, (plane) => plane.stop(graceAfter(signal))).addresses;
    });
  }
}
