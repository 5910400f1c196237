import type { Etcd3 } from 'etcd3';
import type { Logger } from 'pino';
import { instanceKey } from '../../registry/keys.ts';
import { endProcesses } from '../process/end.ts';
import { type ProcessEntry, readBootId } from '../process/table.ts';
import { hasMark, listStrangers } from './mark.ts';
import type { InstanceRecord, InstanceRecords } from './records.ts';
import { registryId } from './registry-id.ts';

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
  const orphans = find();
  if (orphans.length > 0) log.warn({ pids: orphans.map(({ pid }) => pid) }, 'ending what a killed server left running');
  const left = await endProcesses(find, graceMs);
  if (left.length > 0) log.error({ pids: left.map(({ pid }) => pid) }, 'processes cannot be ended, even by SIGKILL');
  for (const { service, number } of recorded) await records.remove(service, number);
}

function findOrphans(mark: string, bootId: string, recorded: readonly InstanceRecord[]): readonly ProcessEntry[] {
  const known = new Set(
    recorded.flatMap((record) =>
      record.process?.bootId === bootId ? `${record.process.pid} ${record.process.startTicks}` : [],
    ),
  );
  return listStrangers().filter((entry) => known.has(`${entry.pid} ${entry.startTicks}`) || hasMark(entry, mark));
}
