import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { registration } from '../../registration.ts';
import type { Bench } from '../../proxies/bench.types.ts';
import { check } from '../check.ts';
import { startHttp } from '../contenders/micro.ts';
import { small } from '../exchange.ts';
import { measureInTurn } from '../../proxies/in-turn.ts';
import { runWrk } from '../load/wrk.ts';

const services = 10_000;
const instancesEach = 10;
const connections = 64;

/** The difference that is looked for is small. */
const roundsEach = 4;

/** Two servers, one of which routes to one service, the other to ten thousand more of ten instances each. */
export const tableSize: Bench = {
  name: 'table',
  async run({ folder, instance, cores, rounds, seconds = 3, nodeOptions, signal }) {
    const start = async (name: string, others: ReturnType<typeof manyOthers>) => {
      const own = join(folder, name);
      await mkdir(own);
      return startHttp({ folder: own, instance, core: cores.proxy, nodeOptions, others });
    };
    await using alone = await start('alone', []);
    await using among = await start('among', manyOthers());
    const proxies = [
      { ...alone, title: 'table of 1 service' },
      { ...among, title: 'table of 10,000 services × 10 instances' },
    ];
    for (const proxy of proxies) await check(proxy, small);
    const turns = proxies.map((proxy) => ({
      contender: proxy.title,
      measure: async (length: number) =>
        (await runWrk({ proxy, exchange: small, connections, seconds: length, signal })).requestsPerSecond,
    }));
    const taken = await measureInTurn(turns, seconds, { rounds: Math.max(rounds, roundsEach), cores });
    return taken.map((samples, index) => ({
      name: '100-byte answers by size of the table',
      unit: 'per second',
      ...samples,
      ...(index > 0 && { targets: [{ atLeastTimes: 0.95, of: 'table of 1 service' }] }),
    }));
  },
};

/** Nobody is at home there. */
function manyOthers() {
  return Array.from({ length: services * instancesEach }, (_other, index) => {
    const name = `go.micro.service.other${Math.floor(index / instancesEach)}`;
    return registration(name, `127.1.1.1:${1024 + (index % 60_000)}`, { id: `${name}-${index % instancesEach}` });
  });
}
