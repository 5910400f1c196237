import { setImmediate as turn } from 'node:timers/promises';

/**
 * Metrics as Prometheus reads them: for each the lines that describe it, and its samples by name and labels, as they are
 * written: `micro_retries_total{entrypoint="http"}`.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export type Exposition = ReadonlyMap<string, Metric>;

interface Metric {
  readonly description: string;
  readonly isGauge: boolean;
  readonly samples: ReadonlyMap<string, number>;
}

/** Of these the least is told and not the sum. */
const leastOf = new Set(['micro_routes_revision', 'process_start_time_seconds']);

/**
 * Samples that are taken at once: about a millisecond's work. 10,000 services have 140,000 of them a process, and the
 * control plane waits for its turn.
 */
const atOnce = 1_000;

/** Reads what prom-client writes: no time stamps, and two lines before the samples of each metric. */
export async function readExposition(text: string): Promise<Exposition> {
  const exposition = new Map<string, Metric & { readonly samples: Map<string, number> }>();
  let samples = new Map<string, number>();
  let help = '';
  await inTurns(linesOf(text), (line) => {
    if (line.startsWith('# HELP ')) help = line;
    else if (line.startsWith('# TYPE ')) {
      const [, , name = '', type] = line.split(' ');
      samples = new Map();
      exposition.set(name, { description: `${help}\n${line}`, isGauge: type === 'gauge', samples });
    } else if (line !== '') {
      const end = line.lastIndexOf(' ');
      samples.set(line.slice(0, end), Number(line.slice(end)));
    }
  });
  return exposition;
}

/** Adds up the samples that have the same name and labels. */
export async function sumOf(expositions: readonly Exposition[]): Promise<Exposition> {
  const sum = new Map<string, Metric & { readonly samples: Map<string, number> }>();
  for (const exposition of expositions) {
    for (const [name, { samples, ...metric }] of exposition) {
      const total = sum.get(name) ?? { ...metric, samples: new Map<string, number>() };
      sum.set(name, total);
      const add = leastOf.has(name) ? Math.min : (a: number, b: number) => a + b;
      await inTurns(samples, ([sample, value]) => {
        const before = total.samples.get(sample);
        total.samples.set(sample, before === undefined ? value : add(before, value));
      });
    }
  }
  return sum;
}

/** Without gauges, which tell what is, not what was. */
export function countsOf(exposition: Exposition): Exposition {
  return new Map([...exposition].filter(([, { isGauge }]) => !isGauge));
}

export async function writeExposition(exposition: Exposition): Promise<string> {
  let text = '';
  for (const { description, samples } of exposition.values()) {
    text += `${description}\n`;
    await inTurns(samples, ([sample, value]) => {
      text += `${sample} ${value}\n`;
    });
    text += '\n';
  }
  return text;
}

async function inTurns<Item>(items: Iterable<Item>, take: (item: Item) => void): Promise<void> {
  let taken = 0;
  for (const item of items) {
    take(item);
    taken += 1;
    if (taken % atOnce === 0) await turn();
  }
}

function* linesOf(text: string): Iterable<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    yield text.slice(start, end < 0 ? undefined : end);
    start = end < 0 ? text.length : end + 1;
  }
}
