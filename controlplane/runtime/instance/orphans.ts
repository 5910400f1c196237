import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { ControlPlaneError } from '../../errors.ts';
import { instanceKey } from '../../registry/keys.ts';
import { signalGroup } from '../process/signal.ts';
import { listProcesses, type ProcessEntry, readBootId, readEnvironment, readProcess } from '../process/table.ts';
import { markVariable } from './environment.ts';
import type { InstanceRecord, InstanceRecords } from './records.ts';
import { registryId } from './registry-id.ts';

/** How long after SIGKILL a process may still be seen. */
const killedMs = 5000;

/**
 * What marks the processes of the runtime that uses a data folder: the folder's place on its disk. It is in their
 * environments, which their children inherit, from the moment they are started: there is no time at which the runtime can
 * be killed and leave a process that the next one does not find.
 *
 * @throws ControlPlaneError `failed` where environments cannot be read
 */
export async function runtimeMark(folder: string): Promise<string> {
  if (!existsSync('/proc/self/environ')) {
    throw new ControlPlaneError(
      'failed',
      'the runtime looks after its processes by way of /proc, which this system does not have: run the server on Linux',
    );
  }
  const { dev, ino } = await stat(folder);
  return `${dev}:${ino}`;
}

/**
 * Ends what a runtime that was killed left behind, and takes it out of the registry. To be called while nothing runs, by
 * whoever has the data folder for itself.
 *
 * An orphan is a process that carries the mark, or that a record names, by pid, start time and boot: a stranger that was
 * given the same pid since then is neither.
 */
export async function reapOrphans(options: {
  readonly client: Etcd3;
  readonly node: string;
  readonly mark: string;
  readonly records: InstanceRecords;
  readonly graceMs: number;
  readonly log: Logger;
}): Promise<void> {
  const { client, node, mark, records, graceMs, log } = options;
  const recorded = await records.list();
  const bootId = readBootId();
  const find = (): readonly ProcessEntry[] => findOrphans(mark, bootId, recorded);

  // Out of the registry first, so that no more calls go there.
  for (const { service, number } of recorded) {
    await client
      .delete()
      .key(instanceKey(service, registryId(service, node, number)))
      .exec();
  }
  let orphans = find();
  if (orphans.length > 0) log.warn({ pids: orphans.map(({ pid }) => pid) }, 'ending what a killed server left running');
  for (const { signal, waitMs } of [
    { signal: 'SIGTERM', waitMs: graceMs },
    { signal: 'SIGKILL', waitMs: killedMs },
  ] as const) {
    for (const group of new Set(orphans.map((entry) => entry.group))) signalGroup(group, signal);
    const deadline = performance.now() + waitMs;
    while (orphans.length > 0 && performance.now() < deadline) {
      await delay(50);
      orphans = find();
    }
  }
  if (orphans.length > 0)
    log.error({ pids: orphans.map(({ pid }) => pid) }, 'processes cannot be ended, even by SIGKILL');
  for (const { service, number } of recorded) await records.remove(service, number);
}

function findOrphans(mark: string, bootId: string, recorded: readonly InstanceRecord[]): readonly ProcessEntry[] {
  const known = new Set(
    recorded.flatMap((record) =>
      record.process?.bootId === bootId ? `${record.process.pid} ${record.process.startTicks}` : [],
    ),
  );
  const ownGroup = readProcess(process.pid)?.group;
  return listProcesses().filter(({ pid, startTicks, group, zombie }) => {
    if (zombie || group === ownGroup) return false;
    return known.has(`${pid} ${startTicks}`) || readEnvironment(pid).includes(`${markVariable}=${mark}`);
  });
}
