import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ControlPlaneError } from '../../errors.ts';
import { listProcesses, type ProcessEntry, readEnvironment, readProcess } from '../process/table.ts';

/** The variable that marks every process that the runtime starts, and what they start in turn. */
export const markVariable = 'MICRO_STARTED_BY';

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

/** Whether a process was started by the runtime with this mark, for whatever instance or build. */
export function hasMark({ pid }: ProcessEntry, mark: string): boolean {
  return readEnvironment(pid).includes(`${markVariable}=${mark}`);
}

/** Whether a process was started by the runtime with this mark, for one of these instances. */
export function belongsTo({ pid }: ProcessEntry, mark: string, registryIds: readonly string[]): boolean {
  const environment = readEnvironment(pid);
  if (!environment.includes(`${markVariable}=${mark}`)) return false;
  return registryIds.some((id) => environment.includes(`MICRO_SERVER_ID=${id}`));
}

/** Processes that run, but for this one and its group. */
export function listStrangers(): readonly ProcessEntry[] {
  const ownGroup = readProcess(process.pid)?.group;
  return listProcesses().filter(({ group, zombie }) => !zombie && group !== ownGroup);
}
