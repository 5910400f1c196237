import { formatAddress, type TcpAddress } from '../../proto/channel/address.ts';
import { DataPlaneError, type EntrypointName } from '../errors.ts';

/** What is told of an entrypoint that cannot listen on its address. */
export function listenError(
  entrypoint: EntrypointName,
  address: TcpAddress,
  cause: NodeJS.ErrnoException,
): DataPlaneError {
  const start = `the ${entrypoint} entrypoint cannot listen on ${formatAddress(address)}`;
  if (cause.code === 'EADDRINUSE') {
    return new DataPlaneError('address-in-use', `${start}: another program does; choose another address`, {
      entrypoint,
      cause,
    });
  }
  return new DataPlaneError('cannot-listen', `${start}: ${cause.message}; choose another address`, {
    entrypoint,
    cause,
  });
}
