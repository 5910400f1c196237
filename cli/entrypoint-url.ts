import { formatAddress, parseTcpAddress } from '../proto/channel/address.ts';
import { unary } from '../proto/channel/client.ts';
import { ClusterClient, type HealthResponse } from '../proto/gen/micro/cluster/v1/cluster.ts';
import type { Server } from './client-command.ts';

/** The `http` entrypoint as whoever runs a command can reach it, at the address of the server: "http://127.0.0.1:8080". */
export async function entrypointUrl(server: Server): Promise<string> {
  const { dataPlanes } = await unary<HealthResponse>((done) => server.client(ClusterClient).health({}, done));
  const { host } = server.address;
  const [dataPlane] = dataPlanes;
  if (dataPlane === undefined) return `http://${host}`;
  const { port } = parseTcpAddress(dataPlane.httpAddress);
  return `${dataPlane.httpUsesTls ? 'https' : 'http'}://${formatAddress({ host, port })}`;
}
