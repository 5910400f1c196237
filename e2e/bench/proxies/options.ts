import { parseArgs } from 'node:util';
import type { Bench } from './bench.types.ts';
import type { Contender } from './contender.types.ts';
import type { Cores } from './cores.ts';
import type { Suite } from './suite.types.ts';

export interface Options {
  readonly benches: readonly Bench[];
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly seconds: number | undefined;
  readonly cores: Cores;
  readonly nodeOptions: string | undefined;
}

export function usage({ name, benches, contenders, examples }: Suite): string {
  return `npm run bench:${name} -- [options]

  --only NAME[,NAME…]        ${namesOf(benches)}; default all
  --contenders NAME[,NAME…]  ${namesOf(contenders)}; default all
  --rounds N                 samples of each, default 3
  --seconds N                length of a sample, default 3 to 20
  --cores PROXY,LOAD         numbers of the cores to use, default 0,1
  --node-options OPTIONS     for the Node of micro server, out of those that NODE_OPTIONS may hold

${examples}`;
}

/** @throws RangeError or TypeError that says which option is wrong */
export function readOptions(args: readonly string[], { benches, contenders }: Suite): Options | 'help' {
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

interface Named {
  readonly name: string;
}

function choose<Item extends Named>(option: string, names: string | undefined, all: readonly Item[]): readonly Item[] {
  if (names === undefined) return all;
  const chosen = names.split(',');
  const unknown = chosen.filter((name) => !all.some((item) => item.name === name));
  if (unknown.length > 0) throw new RangeError(`${option}: no ${unknown.join(', ')}; there are ${namesOf(all)}`);
  return all.filter(({ name }) => chosen.includes(name));
}

function namesOf(items: readonly Named[]): string {
  return items.map(({ name }) => name).join(', ');
}

function wholeNumber(option: string, value: string, least: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least)
    throw new RangeError(`${option} ${value}: it needs a whole number, at least ${least}`);
  return number;
}
