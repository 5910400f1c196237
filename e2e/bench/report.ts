import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Busy, type Figure, median, type Target } from './figure.ts';

/** A figure beside its baseline: the first contender of its name. */
interface Row extends Figure {
  readonly median: number;
  /** Of its median to that of the baseline; undefined for the baseline itself. */
  readonly ratio: number | undefined;
  readonly verdicts: readonly Verdict[];
}

interface Verdict {
  readonly target: Target;
  /** Of its median to that of the contender that the target names; undefined where it names none, or none that took part. */
  readonly ratio: number | undefined;
  /** Undefined when the contender that the target names did not take part. */
  readonly isMet: boolean | undefined;
}

export function compare(figures: readonly Figure[]): readonly Row[] {
  return figures.map((figure) => {
    const beside = figures.filter(({ name }) => name === figure.name);
    const [baseline] = beside as [Figure];
    const own = median(figure.samples);
    const ratioTo = (other: Figure | undefined) => (other === undefined ? undefined : own / median(other.samples));
    const verdicts = (figure.targets ?? []).map((target): Verdict => {
      if ('atMost' in target) return { target, ratio: undefined, isMet: own <= target.atMost };
      const ratio = ratioTo(beside.find(({ contender }) => contender === target.of));
      return { target, ratio, isMet: ratio === undefined ? undefined : holds(target, ratio) };
    });
    return { ...figure, median: own, ratio: baseline === figure ? undefined : ratioTo(baseline), verdicts };
  });
}

function holds(target: Exclude<Target, { readonly atMost: number }>, ratio: number): boolean {
  return 'atMostTimes' in target ? ratio <= target.atMostTimes : ratio >= target.atLeastTimes;
}

/** Whether no target was missed. */
export function areAllMet(rows: readonly Row[]): boolean {
  return rows.every(({ verdicts }) => verdicts.every(({ isMet }) => isMet !== false));
}

/** Aligned columns, a line for each contender; a column of which nothing is known is left out. */
export function table(rows: readonly Row[]): string {
  const lines = [
    ['FIGURE', 'CONTENDER', 'MEDIAN', 'RATIO', 'BUSY (PROXY/LOAD)', 'TARGET'],
    ...rows.map(({ name, contender, median, unit, ratio, busy, verdicts }) => [
      name,
      contender,
      `${round(median)} ${unit}`,
      ratio === undefined ? '' : `${round(ratio)}×`,
      busy === undefined ? '' : describeBusy(busy),
      verdicts.map((verdict) => describeVerdict(verdict, unit)).join('; '),
    ]),
  ];
  const [header = [], ...body] = lines;
  const widths = header.map((_title, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const isKnown = header.map((_title, column) => body.some((line) => line[column] !== ''));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .filter((_cell, column) => isKnown[column])
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function describeBusy(busy: readonly Busy[]): string {
  const percent = (shares: readonly number[]) => `${Math.round(median(shares) * 100)} %`;
  return `${percent(busy.map(({ proxy }) => proxy))} / ${percent(busy.map(({ load }) => load))}`;
}

function describeVerdict({ target, ratio, isMet }: Verdict, unit: string): string {
  const verdict = isMet === undefined ? 'not measured' : isMet ? 'met' : 'MISSED';
  return `${describeTarget(target, unit)}: ${verdict}${ratio === undefined ? '' : ` (${round(ratio)}×)`}`;
}

function describeTarget(target: Target, unit: string): string {
  if ('atMost' in target) return `≤ ${target.atMost} ${unit}`;
  return 'atMostTimes' in target ? `≤ ${target.atMostTimes}× ${target.of}` : `≥ ${target.atLeastTimes}× ${target.of}`;
}

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/**
 * Writes every sample, with the machine they were taken on, to a file of its own.
 *
 * @param name what the file's name begins with
 * @returns its path
 */
export async function writeResults(
  rows: readonly Row[],
  { folder, name, takenAt }: { readonly folder: string; readonly name: string; readonly takenAt: Date },
): Promise<string> {
  const machine = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1024 ** 2),
  };
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}-${takenAt.toISOString().replaceAll(':', '-')}.json`);
  await writeFile(path, `${JSON.stringify({ takenAt, machine, rows }, null, 2)}\n`);
  return path;
}
