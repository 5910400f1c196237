import { parseArgs } from 'node:util';
import type { Bench } from './bench.types.ts';
import { benches } from './benches/benches.ts';
import type { Contender } from './contenders/contender.types.ts';
import { contenders } from './contenders/contenders.ts';
import type { Cores } from './cores.ts';

export interface Options {
  readonly benches: readonly Bench[];
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly seconds: number | undefined;
  readonly cores: Cores;
  readonly nodeOptions: string | undefined;
}

export const usage = `npm run bench:http -- [options]

  --only NAME[,NAME…]        ${benches.map(({ name }) => name).join(', ')}; default all
  --contenders NAME[,NAME…]  ${contenders.map(({ name }) => name).join(', ')}; default all
  --rounds N                 samples of each, default 3
  --seconds N                length of a sample, default 3 to 20
  --cores PROXY,LOAD         numbers of the cores to use, default 0,1
  --node-options OPTIONS     for the Node of micro server, out of those that NODE_OPTIONS may hold

One contender alone, long enough to look at it (its process id is printed; the second names its functions to perf):

  npm run bench:http -- --only small --contenders micro --rounds 1 --seconds 60
  npm run bench:http -- --only small --contenders micro --rounds 1 --seconds 60 --node-options=--perf-basic-prof
`;

/** @throws RangeError or TypeError that says which option is wrong */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      contenders: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string' },
      cores: { type: 'string', default: '0,1' },
      'node-options': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const [proxy, load] = values.cores.split(',').map((core) => wholeNumber('--cores', core, 0));
  if (proxy === undefined || load === undefined || proxy === load)
    throw new RangeError(`--cores ${values.cores}: it needs two cores, such as 0,1`);
  return {
    benches: choose('--only', values.only, benches),
    contenders: choose('--contenders', values.contenders, contenders),
    rounds: wholeNumber('--rounds', values.rounds, 1),
    seconds: values.seconds === undefined ? undefined : wholeNumber('--seconds', values.seconds, 1),
    cores: { proxy, load },
    nodeOptions: values['node-options'],
  };
}

function choose<Item extends { readonly name: string }>(
  option: string,
  names: string | undefined,
  all: readonly Item[],
): readonly Item[] {
  if (names === undefined) return all;
  const chosen = names.split(',');
  const unknown = chosen.filter((name) => !all.some((item) => item.name === name));
  if (unknown.length > 0)
    throw new RangeError(`${option}: no ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  return all.filter(({ name }) => chosen.includes(name));
}

function wholeNumber(option: string, value: string, least: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least)
    throw new RangeError(`${option} ${value}: it needs a whole number, at least ${least}`);
  return number;
}
