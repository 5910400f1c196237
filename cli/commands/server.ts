import { Command } from 'clipanion';
import { MicroCommand } from '../micro-command.ts';
import { beginControl, startControl } from '../control.ts';
import { graceAfter, runPlanes, startData } from '../planes.ts';
import { atAddress, clusterOf } from '../settings/address.ts';
import { flag, readSettings } from '../settings/setting.ts';
import {
  clusterSettings,
  controlPlaneSettings,
  dataDir,
  dataPlaneSettings,
  logLevel,
  token,
} from '../settings/settings.ts';
import { startDataWorkers } from '../workers.ts';

const settings = { dataDir, token, logLevel, ...clusterSettings, ...controlPlaneSettings, ...dataPlaneSettings };

export class ServerCommand extends MicroCommand {
  static override paths = [['server']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'start both planes in one process',
    details: `
      Routes /api/, /web/ and /service/ on :8080 and gRPC on :8081, and runs what 'micro run' gives it. All state is in the
      data folder. Every flag has an environment variable: --data-dir is MICRO_DATA_DIR.
    `,
    examples: [
      ['On the usual ports', 'micro server'],
      [
        'Beside another server',
        'micro server --data-dir /tmp/b --http :9080 --grpc :9081 --admin :9082 --control :9083',
      ],
      [
        'As one of three nodes, on each of them with its own address',
        'micro server --address 10.0.0.1 --nodes 10.0.0.1,10.0.0.2,10.0.0.3 --cluster-token-file cluster-token',
      ],
    ],
  });

  dataDir = flag(dataDir);
  address = flag(settings.address);
  nodes = flag(settings.nodes);
  clusterTokenFile = flag(settings.clusterTokenFile);
  etcdBin = flag(settings.etcdBin);
  etcdPeerPort = flag(settings.etcdPeerPort);
  etcdClientPort = flag(settings.etcdClientPort);
  http = flag(settings.http);
  grpc = flag(settings.grpc);
  admin = flag(settings.admin);
  workers = flag(settings.workers);
  control = flag(settings.control);
  etcd = flag(settings.etcd);
  etcdListen = flag(settings.etcdListen);
  namespace = flag(settings.namespace);
  servicesRepo = flag(settings.servicesRepo);
  readyTimeout = flag(settings.readyTimeout);
  instanceDrain = flag(settings.instanceDrain);
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
    const given = atAddress(readSettings(settings, this, this.context.env));
    const options = { ...given, cluster: clusterOf(given) };
    await runPlanes('server', options, this.context.stdout, async (stack, log, stop) => {
      const control = beginControl((more) => startControl(options, this.inherited(), { stop, ...more }, log));
      stack.use(control);
      const { node, internal, routes } = await control.begun;
      const starting =
        options.workers === 1
          ? startData(options, { node, routes }, log)
          : startDataWorkers(options, { node, control: internal }, this.context.env, log);
      const dataPlane = stack.adopt(await starting, (plane) => plane.stop(graceAfter(stop)));
      const controlPlane = await control.started;
      // First of all: the data plane lets calls in flight finish, and these never do.
      stack.defer(() => controlPlane.endStreams());
      return { ...dataPlane.addresses, ...controlPlane.addresses };
    });
  }
}
