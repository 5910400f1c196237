import type { Durations } from './durations.ts';
import type { Labels, Sample } from './exposition.ts';

/** What Prometheus calls a histogram: each bucket holds what is at or below its bound, so all that the one before holds too. */
export function histogramSamples(
  name: string,
  { labels, durations: { bounds, counts, sum } }: { readonly labels: Labels; readonly durations: Durations },
): readonly Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (const [bucket, inBucket] of counts.entries()) {
    count += inBucket;
    samples.push({ metricName: `${name}_bucket`, labels: { le: bounds[bucket] ?? '+Inf', ...labels }, value: count });
  }
  samples.push(
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  );
  return samples;
}
