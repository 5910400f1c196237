import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { forgetPeak, peakResidentBytes, residentBytes } from '../../resident-memory.ts';
import { ask } from '../ask.ts';
import type { Bench } from '../../proxies/bench.types.ts';
import { startHttp } from '../contenders/micro.ts';
import { prefix, upload } from '../exchange.ts';

const mebi = 1024 * 1024;
const pieces = 1024;
const piece = randomBytes(mebi);

/** Read in one go, then nothing for a while: about 200 MB a second. */
const burstBytes = 64 * mebi;
const restMs = 300;

/** At the first and the third quarter nothing is read for longer. */
const stallMs = 2_000;
const stalls = new Set([256 * mebi, 768 * mebi]);

/** How much more memory a server takes, at the most, while it passes on what the instance is slow to read. */
export const slowUpload: Bench = {
  name: 'slow-upload',
  async run({ folder, cores, rounds, nodeOptions, signal }) {
    await using instance = await startSlowInstance();
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const own = join(folder, String(round));
      await mkdir(own);
      await using server = await startHttp({
        folder: own,
        instance: instance.address,
        core: cores.proxy,
        nodeOptions,
      });
      const url = `http://${server.address}${prefix}${upload.path}`;
      const before = await residentBytes(server.pid);
      await forgetPeak(server.pid);
      await send(url, signal);
      samples.push(((await peakResidentBytes(server.pid)) - before) / mebi);
    }
    const name = 'growth of memory in a 1 GiB upload to a slow instance';
    return [{ name, contender: 'micro server', unit: 'MiB', samples, targets: [{ atMost: 64 }] }];
  },
};

/** Answers with the digest of the body. */
async function startSlowInstance(): Promise<AsyncDisposable & { readonly address: string }> {
  const server = createServer((incoming, response) => {
    void digestSlowly(incoming).then(
      (digest) => response.end(digest),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function digestSlowly(body: IncomingMessage): Promise<string> {
  const hash = createHash('sha1');
  let received = 0;
  let nextRest = burstBytes;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    hash.update(chunk);
    received += chunk.length;
    if (received < nextRest) continue;
    await pause(stalls.has(nextRest) ? stallMs : restMs);
    nextRest += burstBytes;
  }
  return hash.digest('hex');
}

async function send(url: string, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha1');
  function* body(): Generator<Buffer> {
    for (let sent = 0; sent < pieces; sent += 1) {
      hash.update(piece);
      yield piece;
    }
  }
  const headers = { 'content-length': pieces * mebi };
  const answer = await ask(url, { method: 'POST', headers, body: body(), signal });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), hash.digest('hex'), 'the instance got what was sent');
}
