import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { readProcess } from '../process/table.ts';
import type { InstanceProcess } from './state.ts';
import { UsageMeter } from './usage.ts';

/** Starts a program in a group of its own; it is there once it has printed a line. */
async function start(
  program: string,
): Promise<{ readonly process: InstanceProcess; readonly line: () => Promise<string> }> {
  const child = spawn(process.execPath, ['--eval', program], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = child.pid ?? 0;
  onTestFinished(async () => {
    process.kill(-pid, 'SIGKILL');
    await once(child, 'exit');
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await lines.next()).value ?? '';
  await line();
  const startTicks = readProcess(pid)?.startTicks;
  return { line, process: { pid, address: '', startedUnixMs: Date.now(), startTicks } };
}

/** A child that does nothing but hold memory, and a parent that burns CPU for as long as it is told. */
const family = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['--eval', \`
    globalThis.held = Buffer.alloc(64 * 2 ** 20, 1);
    console.log('ready');
    setInterval(() => {}, 1000);
  \`], { stdio: ['ignore', 'inherit', 'inherit'] });
`;

test('memory is that of the whole group', async () => {
  const { process: held } = await start(family);
  const memoryBytes = (await new UsageMeter(Date.now).measure([held])).get(held.pid)?.memoryBytes ?? 0;
  expect(memoryBytes).toBeGreaterThan(64 * 2 ** 20);
  expect(memoryBytes).toBeLessThan(512 * 2 ** 20);
});

test('CPU is what was used since the last look, and is not averaged over moments', async () => {
  const burn = `console.log('ready'); const end = process.cpuUsage().user + 3e5;
    while (process.cpuUsage().user < end); console.log('done'); setInterval(() => {}, 1000);`;
  const { process: busy, line } = await start(burn);
  await line();
  let now = busy.startedUnixMs + 1000;
  const meter = new UsageMeter(() => now);
  const ask = async (): Promise<number> => (await meter.measure([busy])).get(busy.pid)?.cpuCores ?? -1;
  const first = await ask();
  expect(first).toBeGreaterThanOrEqual(0.3);
  now += 100;
  expect(await ask()).toBe(first);
  now += 60_000;
  expect(await ask()).toBeLessThan(0.01);
});

test('of a process that has been there for long, two looks are compared; of one that is gone nothing is told', async () => {
  const { process: old } = await start(`console.log('ready'); setInterval(() => {}, 1000)`);
  const meter = new UsageMeter(() => old.startedUnixMs + 3_600_000);
  const gone = { ...old, pid: 2 ** 22 + 1 };
  const measured = await meter.measure([old, gone]);
  expect([...measured.keys()]).toEqual([old.pid]);
  expect(measured.get(old.pid)?.cpuCores).toBe(0);
});
