import { setImmediate as turn } from 'node:timers/promises';
import { type Metric, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  /** Where it is not the metric's own. */
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** A metric whose values are read when it is asked. To prom-client it is one of its own. */
export class SeriesMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
  /** How prom-client adds several processes up. */
  readonly aggregator = 'sum';
  /** The samples of one series after another. */
  readonly samples: () => Iterable<readonly Sample[]>;

  constructor({ name, help, type, samples }: Pick<SeriesMetric, 'name' | 'help' | 'type' | 'samples'>) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.samples = samples;
  }

  async get() {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: [...this.samples()].flat() };
  }
}

/** Lines of text after which what else there is to do has its turn: about half a millisecond's. */
const linesInATurn = 1_000;

/**
 * prom-client's registry, that takes series metrics too, and writes their text bit by bit: 10,000 services are 140,000 lines,
 * and calls would wait for a quarter of a second.
 */
export class SeriesRegistry extends Registry {
  registerSeries(metric: SeriesMetric): void {
    // The types know prom-client's classes alone; what it reads of them is there.
    this.registerMetric(metric as unknown as Metric);
  }

  override async metrics(): Promise<string> {
    const texts: string[] = [];
    for (const metric of this.getMetricsAsArray() as readonly { readonly name: string }[])
      texts.push(
        metric instanceof SeriesMetric ? await textOf(metric) : await this.getSingleMetricAsString(metric.name),
      );
    return `${texts.join('\n\n')}\n`;
  }
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
async function textOf({ name, help, type, samples }: SeriesMetric): Promise<string> {
  const texts: string[] = [];
  let lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  // Between series only: a histogram's numbers have to be of one moment.
  for (const series of samples()) {
    for (const { metricName = name, labels, value } of series)
      lines.push(`${metricName}{${textOfLabels(labels)}} ${value}`);
    if (lines.length < linesInATurn) continue;
    texts.push(lines.join('\n'));
    lines = [];
    await turn();
  }
  return [...texts, ...lines].join('\n');
}

function textOfLabels(labels: Labels): string {
  let text = '';
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escaped(String(labels[name]))}"`;
  return text;
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"') : value;
}
