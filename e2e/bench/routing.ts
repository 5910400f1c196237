import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Etcd3 } from 'etcd3';
import { startInstance } from '../harness/instance.ts';
import { startServer } from '../harness/server.ts';
import type { Figure } from './figure.ts';
import { registration } from './registration.ts';

const rounds = 200;
const warmUpRounds = 20;
const giveUpMs = 5000;

/** From a registration, when it is sent to the store, to the answer to the first request that is routed to it. */
export async function measureRouting(folder: string): Promise<readonly Figure[]> {
  await using server = await startServer({ dataDir: join(folder, 'data'), flags: ['--etcd-listen', '127.0.0.1:0'] });
  await using instance = await startInstance();
  const client = new Etcd3({ hosts: server.addresses.registry });
  const agent = new Agent({ keepAlive: true });
  const samples: number[] = [];
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    const name = `go.micro.service.round${round + warmUpRounds}`;
    const url = server.url(`/service/${name.slice('go.micro.service.'.length)}/`);
    assert.equal((await ask(url, agent)).status, 404);

    const { key, value } = registration(name, instance.address);
    const start = performance.now();
    const registered = client.put(key).value(value).exec();
    let answer = await ask(url, agent);
    while (answer.status !== 200) {
      assert(performance.now() - start < giveUpMs, `${name} is not routed after ${giveUpMs} ms: ${answer.body}`);
      answer = await ask(url, agent);
    }
    const elapsedMs = performance.now() - start;

    assert.equal(answer.body, 'here');
    await registered;
    if (round >= 0) samples.push(elapsedMs);
  }
  agent.destroy();
  client.close();
  const name = 'registration to first routed request';
  return [{ name, contender: 'micro server', unit: 'ms', samples, targets: [{ atMost: 25 }] }];
}

function ask(url: string, agent: Agent): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    }).once('error', reject);
  });
}
