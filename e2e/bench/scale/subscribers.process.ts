import { parseTcpAddress } from '../../../proto/channel/address.ts';
import { dialRoutes } from '../../../proto/routes/dial.ts';

// subscribers.process.js <control> <count>: data planes that ack whatever they are sent. Prints "<revision> <time>" whenever
// all of them have a revision, time being that of CLOCK_MONOTONIC in milliseconds, until its input ends. The token is in TOKEN.
const [control = '', count = ''] = process.argv.slice(2);
const revisions = Array.from({ length: Number(count) }, () => 0n);
let lowest = 0n;

for (const index of revisions.keys()) {
  dialRoutes({ address: parseTcpAddress(control), token: process.env['TOKEN'] ?? '' }).subscribe({
    name: `data-plane-${index}`,
    httpAddress: ':8080',
    revision: () => revisions[index] as bigint,
    apply({ value: { revision } }) {
      const wasLowest = revisions[index] === lowest;
      revisions[index] = revision;
      if (!wasLowest) return;
      const now = revisions.reduce((least, each) => (each < least ? each : least));
      if (now === lowest) return;
      lowest = now;
      process.stdout.write(`${lowest} ${performance.timeOrigin + performance.now()}\n`);
    },
    draining: () => new Set(),
    connection: () => {},
  });
}
process.stdin.resume().once('end', () => process.exit());
