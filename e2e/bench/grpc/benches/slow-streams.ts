import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from '../../proxies/bench.types.ts';
import { microTitle } from '../../proxies/micro.ts';
import { forgetPeak, peakResidentBytes, residentBytes } from '../../resident-memory.ts';
import { startGrpc } from '../contenders/micro.ts';
import { stream } from '../exchange.ts';
import { FrameType } from '../frames.ts';
import { callFrames, connectClient } from '../load/client.ts';

const mebi = 1024 * 1024;
const streams = 1_000;

/** Each has more to send than anybody takes. */
const exchange = stream(100_000);

/** A stream takes so much, and then no more. */
const streamWindow = 1_024;

const restMs = 3_000;

/** How much more memory a server takes for 1,000 streams of one connection whose answers nobody takes. */
export const slowStreams: Bench = {
  name: 'slow-streams',
  async run({ folder, instance, cores, rounds, nodeOptions, signal }) {
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const own = join(folder, String(round));
      await mkdir(own);
      await using server = await startGrpc({ folder: own, instance, core: cores.proxy, nodeOptions });
      const before = await residentBytes(server.pid);
      await forgetPeak(server.pid);
      const begun = new Set<number>();
      const client = connectClient({
        address: server.address,
        streamWindow,
        onFrame(type, _flags, id) {
          if (type === FrameType.data) begun.add(id);
        },
      });
      client.send(...Array.from({ length: streams }, (_, index) => callFrames(2 * index + 1, exchange)));
      await pause(restMs, undefined, { signal });
      assert.equal(begun.size, streams, 'every stream has begun');
      samples.push(((await peakResidentBytes(server.pid)) - before) / mebi);
      client.socket.destroy();
    }
    const name = 'growth of memory with 1,000 streams that nobody reads';
    // 128 KiB of each, as much again of 64 of them, and what a call takes by itself.
    return [{ name, contender: microTitle, unit: 'MiB', samples, targets: [{ atMost: 160 }] }];
  },
};
