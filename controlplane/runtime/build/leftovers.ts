import { ControlPlaneError } from '../../errors.ts';
import { hasMark, listStrangers } from '../instance/mark.ts';
import { endProcesses } from '../process/end.ts';
import { readEnvironment } from '../process/table.ts';

/** The variable that tells of which build a process is. What an instance starts does not have it. */
export const buildVariable = 'MICRO_BUILD';

/** How long they have to end after SIGTERM. */
const graceMs = 2000;

/**
 * Ends what a build left running outside of its process group, as build tools do with daemons that are to make the next
 * build faster: they would go on in a folder that may be removed.
 *
 * @throws ControlPlaneError `failed` when even SIGKILL does not end them
 */
export async function endLeftovers(options: { readonly mark: string; readonly build: string }): Promise<void> {
  const variable = `${buildVariable}=${options.build}`;
  const left = await endProcesses(
    () =>
      listStrangers().filter((entry) => hasMark(entry, options.mark) && readEnvironment(entry.pid).includes(variable)),
    graceMs,
  );
  if (left.length === 0) return;
  const pids = left.map(({ pid }) => pid).join(', ');
  throw new ControlPlaneError('failed', `the build left processes that cannot be ended, even by SIGKILL: ${pids}`);
}
