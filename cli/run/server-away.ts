import { status } from '@grpc/grpc-js';
import { setTimeout as delay } from 'node:timers/promises';
import { RuntimeClient } from '../../proto/gen/micro/runtime/v1/runtime.ts';
import type { Server } from '../client-command.ts';
import { isServiceError } from '../errors.ts';
import { askServer } from '../source/source.ts';

/** While it starts, its data plane may be there before the control plane is. */
const retryMs = 500;

/** Whether a call failed because the server is away: it does not answer, or a part of it is not there. */
export function saysAway(error: unknown): boolean {
  const away: readonly status[] = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED];
  return isServiceError(error) && away.includes(error.code);
}

/** Waits for as long as it takes until a server does something again, if only refuse. */
export async function untilBack(server: Server): Promise<void> {
  do {
    await untilReachable(server);
    await delay(retryMs);
  } while (await askServer(server).then(() => false, saysAway));
}

function untilReachable(server: Server): Promise<void> {
  const client = server.client(RuntimeClient);
  return new Promise((resolve, reject) => {
    client.waitForReady(Number.POSITIVE_INFINITY, (error) => {
      client.close();
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
