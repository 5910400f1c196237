import { setImmediate as turn } from 'node:timers/promises';
import type { Server } from '../harness/server.ts';

/** Reads the revision of the route table that a data plane serves again and again, and keeps every change. */
export function watchRevision(dataPlane: Server): { stop(): Promise<readonly number[]> } {
  const seen: number[] = [];
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      const metrics = await (await fetch(`http://${dataPlane.addresses.admin}/metrics`)).text();
      const revision = Number(/^micro_routes_revision (\d+)$/m.exec(metrics)?.[1]);
      if (revision !== seen.at(-1)) seen.push(revision);
      await turn();
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await done;
      return seen;
    },
  };
}
