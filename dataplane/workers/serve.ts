import type { DataPlane } from '../data-plane.ts';
import { DataPlaneError } from '../errors.ts';
import type { Assignment, FromWorker, Reports, ToWorker } from './messages.ts';

export interface ServeAsWorkerOptions<Settings> {
  /** Starts the data plane of this process; what it throws is told to the parent. */
  readonly start: (assignment: Assignment<Settings>) => Promise<WorkerDataPlane>;
  /** The parent ended without a word. Nobody is left to be served for, or to end this process. */
  readonly onOrphaned: () => void;
}

/** What a worker needs of its data plane. */
type WorkerDataPlane = Pick<DataPlane, 'routes' | 'metrics' | 'stop'>;

/**
 * Runs this process as a worker, from its assignment until its parent tells it to stop and what is in flight is done.
 *
 * @throws DataPlaneError `worker-failed` where this process was not started as a worker
 */
export async function serveAsWorker<Settings>({ start, onOrphaned }: ServeAsWorkerOptions<Settings>): Promise<void> {
  if (!process.connected) {
    throw new DataPlaneError('worker-failed', 'a worker is started by a data plane, not by hand: see --workers');
  }
  process.once('disconnect', onOrphaned);
  const assigned = heard<Settings, 'start'>('start');
  const stopped = heard<Settings, 'stop'>('stop');
  try {
    const dataPlane = await start((await assigned).assignment);
    process.on('message', (message: ToWorker<Settings>) => {
      if (message.kind === 'ask') void answer(message, dataPlane);
    });
    await say({ kind: 'serving' });
    const { how } = await stopped;
    await dataPlane.stop(how);
  } catch (error) {
    await say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
  process.off('disconnect', onOrphaned);
  process.disconnect();
}

type Message<Settings, Kind> = Extract<ToWorker<Settings>, { readonly kind: Kind }>;

function heard<Settings, Kind>(kind: Kind): Promise<Message<Settings, Kind>> {
  return new Promise((resolve) => {
    const onMessage = (message: ToWorker<Settings>): void => {
      if (message.kind !== kind) return;
      process.off('message', onMessage);
      resolve(message as Message<Settings, Kind>);
    };
    process.on('message', onMessage);
  });
}

async function answer(
  { id, about }: { readonly id: number; readonly about: keyof Reports },
  { routes, metrics }: WorkerDataPlane,
): Promise<void> {
  const report = about === 'status' ? routes() : { text: await metrics.metrics() };
  await say({ kind: 'answer', id, report });
}

/** Resolves when it was sent, or cannot be: then the parent is gone, and this process about to end. */
function say(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });
}
