import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { restartDelayMs, startWorker } from './worker.ts';
import type { Ending, WorkerProcess } from './worker-process.ts';

const restart = { firstMs: 100, longestMs: 10_000, steadyMs: 60_000 };

test('the first end is followed by a start at once, further ones by starts that are later each time', () => {
  const delays = Array.from({ length: 10 }, (_, ends) => restartDelayMs(ends, restart));
  expect(delays).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test('after a process that lived for long the row of ends begins anew', async () => {
  const lines: string[] = [];
  const endings: ((ending: Ending) => void)[] = [];
  const start = (): WorkerProcess => ({
    pid: 1,
    serving: Promise.resolve(),
    ended: new Promise((resolve) => endings.push(resolve)),
    ask: async () => 'away',
    stop: async () => endings.at(-1)?.({ reason: 'exit code 0', livedMs: 1 }),
  });
  const log = pino({}, { write: (line) => void lines.push(line) });
  const quick = { firstMs: 1, longestMs: 1, steadyMs: 60_000 };
  const onEnded = vi.fn<(process: WorkerProcess) => void>();
  const worker = startWorker({ number: 3, start, restart: quick, onEnded, log });
  for (const [index, livedMs] of [5, 5, 60_000, 5].entries()) {
    await vi.waitFor(() => expect(endings).toHaveLength(index + 1));
    endings[index]?.({ reason: 'SIGKILL', livedMs });
  }
  await vi.waitFor(() => expect(endings).toHaveLength(5));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { worker: 3, reason: 'SIGKILL', msg: 'a worker ended; it is started again at once' },
    { msg: 'a worker ended; it is started again in 0.001 s' },
    { msg: 'a worker ended; it is started again at once' },
    { msg: 'a worker ended; it is started again in 0.001 s' },
  ]);
  expect(onEnded).toHaveBeenCalledTimes(4);
  await worker.stop(1_000);
  expect(endings).toHaveLength(5);
  expect(onEnded).toHaveBeenCalledTimes(4);
});
