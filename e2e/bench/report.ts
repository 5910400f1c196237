import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Figure, median } from './figure.ts';

/** A figure beside its baseline: the first contender of its name. */
interface Row extends Figure {
  readonly median: number;
  /** Of its median to that of the baseline; undefined for the baseline itself. */
  readonly ratio: number | undefined;
  readonly isMet: boolean;
}

export function compare(figures: readonly Figure[]): readonly Row[] {
  return figures.map((figure) => {
    const baseline = figures.find(({ name }) => name === figure.name) as Figure;
    const own = median(figure.samples);
    const ratio = baseline === figure ? undefined : own / median(baseline.samples);
    return { ...figure, median: own, ratio, isMet: isMet(figure, own, ratio) };
  });
}

function isMet({ target }: Figure, own: number, ratio: number | undefined): boolean {
  if (target === undefined) return true;
  return 'atMost' in target ? own <= target.atMost : ratio !== undefined && ratio <= target.atMostTimes;
}

/** Aligned columns, a line for each contender. */
export function table(rows: readonly Row[]): string {
  const cells = [
    ['FIGURE', 'CONTENDER', 'MEDIAN', 'RATIO', 'TARGET'],
    ...rows.map(({ name, contender, median, unit, ratio, target, isMet }) => [
      name,
      contender,
      `${round(median)} ${unit}`,
      ratio === undefined ? '' : `${round(ratio)}×`,
      target === undefined ? '' : `${describe(target, unit)}: ${isMet ? 'met' : 'MISSED'}`,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function describe(target: NonNullable<Figure['target']>, unit: string): string {
  return 'atMost' in target ? `≤ ${target.atMost} ${unit}` : `≤ ${target.atMostTimes}×`;
}

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** Writes every sample, with the machine they were taken on, to `bench-results/`; returns the path. */
export async function writeResults(rows: readonly Row[], folder: string, takenAt: Date): Promise<string> {
  const machine = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1024 ** 2),
  };
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${takenAt.toISOString().replaceAll(':', '-')}.json`);
  await writeFile(path, `${JSON.stringify({ takenAt, machine, rows }, null, 2)}\n`);
  return path;
}
