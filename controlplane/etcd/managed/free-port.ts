import { once } from 'node:events';
import { createServer } from 'node:net';
import { formatAddress, type TcpAddress } from '../../../proto/channel/address.ts';
import { ControlPlaneError } from '../../errors.ts';

/**
 * Makes sure that a member can listen where it is to: etcd is started when more hangs on it, and says less clearly what is
 * amiss.
 *
 * @param flag which names another port
 * @throws ControlPlaneError `conflict` when the port is taken
 */
export async function assertFree(address: TcpAddress, flag: string): Promise<void> {
  const server = createServer().listen({ ...address, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'the port is taken' : String(cause);
    const message = `the etcd of this node cannot listen on ${formatAddress(address)}: ${reason}; choose another with ${flag}`;
    throw new ControlPlaneError('conflict', message, { cause });
  }
  server.close();
  await once(server, 'close');
}
