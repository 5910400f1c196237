import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { parseTcpAddress } from '../../../proto/channel/address.ts';
import { type ChannelTls, connect, unary } from '../../../proto/channel/client.ts';
import {
  type DescribeResponse,
  type JoinRequest,
  type JoinResponse,
  NodesClient,
  type PromoteResponse,
} from '../../../proto/gen/micro/nodes/v1/nodes.ts';
import type { Answer } from '../membership/decide.ts';

/** The other nodes, by the address of their control listener: "host:port". They are connected to when they are first asked. */
export interface Neighbours {
  /** Asks a node who it is. Never rejects. */
  describe(address: string): Promise<Answer>;
  /** Asks a member to be let into its cluster. `reason` is why that is not so yet. */
  join(address: string, request: JoinRequest): Promise<JoinResponse | { readonly reason: string }>;
  /** Asks a member to let a learner vote. Returns why that is not so yet, or undefined when it is. */
  promote(address: string, name: string): Promise<string | undefined>;
  close(): void;
}

/** How long a node may take to say who it is, in milliseconds; a change of members takes the time of the store. */
const describeMs = 1_000;
const changeMs = 8_000;

export function connectNeighbours(tls: ChannelTls): Neighbours {
  const clients = new Map<string, NodesClient>();
  const clientOf = (address: string): NodesClient => {
    const client =
      clients.get(address) ?? connect(NodesClient, parseTcpAddress(address), { tls, unaryDeadlineMs: changeMs });
    clients.set(address, client);
    return client;
  };
  return {
    async describe(address) {
      const client = clientOf(address);
      const options = { deadline: Date.now() + describeMs };
      try {
        const ask = unary<DescribeResponse>((done) => client.describe({}, new Metadata(), options, done));
        return { description: await ask };
      } catch (error) {
        return { reason: why(error) };
      }
    },
    async join(address, request) {
      const client = clientOf(address);
      try {
        return await unary<JoinResponse>((done) => client.join(request, done));
      } catch (error) {
        return { reason: why(error) };
      }
    },
    async promote(address, name) {
      const client = clientOf(address);
      try {
        await unary<PromoteResponse>((done) => client.promote({ name }, done));
        return undefined;
      } catch (error) {
        return why(error);
      }
    },
    close() {
      for (const client of clients.values()) client.close();
    },
  };
}

function why(error: unknown): string {
  const { code, details } = error as ServiceError;
  if (code === status.DEADLINE_EXCEEDED) return 'it does not answer';
  if (code !== status.UNAVAILABLE) return details;
  // Whichever side finds the other's certificate to be of another cluster.
  if (/certificate|unknown ca|SSL alert/i.test(details)) {
    return (
      'it has another cluster token: give all nodes the one that `micro cluster token` prints on one of them, with ' +
      '--cluster-token-file'
    );
  }
  const [, cause] = /Last error: (?:Error: )?(.*?)(?:\.? Resolution note:.*)?$/.exec(details) ?? [];
  return cause === undefined ? details : `it cannot be reached (${cause})`;
}
