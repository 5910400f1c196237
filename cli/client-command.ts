import type { ChannelCredentials, Client, ClientOptions } from '@grpc/grpc-js';
import { formatAddress, type TcpAddress } from '../proto/channel/address.ts';
import { type ChannelOptions, connect } from '../proto/channel/client.ts';
import { callError } from './errors.ts';
import { MicroCommand } from './micro-command.ts';
import { endWithReader } from './output/reader.ts';
import { flag, readSettings } from './settings/setting.ts';
import { dataDir, server, token } from './settings/settings.ts';
import { readToken } from './token.ts';

/** A command that talks to a running server, as any gRPC client does. */
export abstract class ClientCommand extends MicroCommand {
  server = flag(server);
  token = flag(token);
  dataDir = flag(dataDir);

  protected abstract call(server: Server): Promise<void>;

  /** Whether the control token goes with the calls of this command. */
  protected needsToken(): boolean {
    return true;
  }

  protected override async run(): Promise<void> {
    endWithReader(this.context);
    const settings = readSettings({ server, token, dataDir }, this, this.context.env);
    const given = this.needsToken() ? (settings.token ?? (await readToken(settings.dataDir))) : undefined;
    const clients: Client[] = [];
    try {
      await this.call({
        address: settings.server,
        client: (Client, options) => {
          const client = connect(Client, settings.server, { ...options, token: given });
          clients.push(client);
          return client;
        },
      });
    } catch (error) {
      throw callError(error, formatAddress(settings.server));
    } finally {
      for (const client of clients) client.close();
    }
  }
}

/** The server that a client command talks to. */
export interface Server {
  readonly address: TcpAddress;
  /** A client of a gRPC service, closed when the command ends. */
  client<Service extends Client>(
    Client: new (target: string, credentials: ChannelCredentials, options: Partial<ClientOptions>) => Service,
    options?: Pick<ChannelOptions, 'unaryDeadlineMs'>,
  ): Service;
}
