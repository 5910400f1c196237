import { Server, type ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { formatAddress, type TcpAddress } from '../../../proto/channel/address.ts';
import {
  type DescribeResponse,
  type JoinRequest,
  type JoinResponse,
  NodesService,
} from '../../../proto/gen/micro/nodes/v1/nodes.ts';
import { bindGrpc, endGrpc } from '../../api/server.ts';
import { unaryHandler } from '../../api/status.ts';

/** What a node tells and does for the others. */
interface NodeAnswers {
  describe(): DescribeResponse;
  /** @throws ControlPlaneError `unavailable` when not now, `failed` when never */
  join(request: JoinRequest): Promise<JoinResponse>;
  /** @throws ControlPlaneError `unavailable` when not now, `failed` when never */
  promote(name: string): Promise<void>;
}

/** The listener for the other nodes of the cluster. */
export interface NodeServer {
  /** As bound: the port is never 0. */
  readonly address: TcpAddress;
  /** Answers from now on; until then whoever asks is told that nothing is there. */
  answer(answers: NodeAnswers): void;
  stop(): Promise<void>;
}

/**
 * Starts to listen for the other nodes, over mutual TLS.
 *
 * @throws ControlPlaneError `conflict` when the port is taken, `failed` when the address is not this machine's
 */
export async function startNodeServer(options: {
  readonly listen: TcpAddress;
  readonly credentials: ServerCredentials;
  readonly log: Logger;
}): Promise<NodeServer> {
  const { listen, credentials, log } = options;
  const server = new Server();
  const port = await bindGrpc(server, {
    name: 'control',
    flag: '--control',
    hostFlag: '--address',
    listen,
    credentials,
  });
  log.debug({ address: formatAddress({ ...listen, port }) }, 'listening for the other nodes');
  return {
    address: { host: listen.host, port },
    answer: (answers) =>
      server.addService(NodesService, {
        describe: unaryHandler(log, () => answers.describe()),
        join: unaryHandler(log, (request: JoinRequest) => answers.join(request)),
        promote: unaryHandler(log, async ({ name }: { readonly name: string }) => {
          await answers.promote(name);
          return {};
        }),
      }),
    stop: () => endGrpc(server, 500),
  };
}
