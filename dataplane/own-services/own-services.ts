import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthService } from '../../proto/gen/grpc/health/v1/health.ts';
import { type ServerReflectionServer, ServerReflectionService } from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import { ServerReflectionService as ServerReflectionV1AlphaService } from '../../proto/gen/grpc/reflection/v1alpha/reflection.ts';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { dataPlanePackages } from '../../proto/internal-systems.ts';
import { DataPlaneError } from '../errors.ts';
import { InstanceStates } from '../routes/instance-state.ts';
import { compileTable, type RouteTable } from '../routes/table.ts';
import { Health } from './health.ts';
import { serveReflection } from './reflection.ts';

/** More than any request to these services has; what is longer ends with RESOURCE_EXHAUSTED. */
const maxRequestBytes = 16 * 1024;

export interface OwnServices {
  /** Leads to them, by package. */
  readonly table: RouteTable;
  readonly health: Health;
  /** Ends every call to them at once. */
  stop(): Promise<void>;
}

/**
 * Starts the gRPC services that the data plane answers itself: health and reflection. The lane forwards to them as it does
 * to any instance, at a Unix socket that only this user can reach.
 *
 * @throws DataPlaneError `cannot-listen` when the folder for temporary files has no place for the socket
 */
export async function startOwnServices(presentTable: () => RouteTable | undefined): Promise<OwnServices> {
  const health = new Health(presentTable);
  const server = new Server({ 'grpc.max_receive_message_length': maxRequestBytes });
  server.addService(HealthService, health.service);
  const reflection: ServerReflectionServer = { serverReflectionInfo: (call) => void serveReflection(call) };
  server.addService(ServerReflectionService, reflection);
  server.addService(ServerReflectionV1AlphaService, reflection);

  const { folder, address } = await listen(server);
  return {
    table: tableTo(address),
    health,
    async stop() {
      server.forceShutdown();
      await rm(folder, { recursive: true });
    },
  };
}

async function listen(server: Server): Promise<{ readonly folder: string; readonly address: string }> {
  try {
    // Made with mode 0700.
    const folder = await mkdtemp(join(tmpdir(), 'micro-'));
    const address = `unix:${join(folder, 'grpc.sock')}`;
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
    });
    return { folder, address };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataPlaneError(
      'cannot-listen',
      `the socket of health and reflection cannot be made: ${reason}; set TMPDIR to a folder that can be written and has a short path`,
      { cause },
    );
  }
}

function tableTo(address: string): RouteTable {
  const instance = {
    id: 'own',
    version: '',
    address,
    protocol: Protocol.PROTOCOL_H2C,
    weight: 1,
    healthCheck: undefined,
  };
  const services = dataPlanePackages.map((name) => ({ name, instances: [instance] }));
  return compileTable(
    { clusterId: 0n, revision: 0n, prefixes: [], services },
    { states: new InstanceStates(), random: Math.random },
  );
}
