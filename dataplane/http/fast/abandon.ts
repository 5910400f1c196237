import type { RoutedInstance } from '../../routes/table.ts';
import type { ClientConnection } from './client-connection.ts';
import { type Gone, gone, type Request } from './state.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** Ends both connections in the middle of a request: the client left, or is to see that its answer is not whole. */
export function abandon(
  at: { readonly request: Request; readonly instance: RoutedInstance; readonly upstream: UpstreamConnection },
  client: ClientConnection,
): Gone {
  at.upstream.discard();
  client.socket.destroy();
  at.instance.state.end();
  at.request.call.end();
  return gone;
}
