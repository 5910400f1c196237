import { readBootId } from '../process/table.ts';
import type { InstanceContext } from './context.ts';
import type { InstanceRecord } from './records.ts';
import type { InstanceState } from './state.ts';

type Snapshot = Pick<InstanceRecord, 'service' | 'number' | 'version' | 'restarts'> & { readonly state: InstanceState };

/** Keeps the store's record of one instance up to date: one write at a time, and never a state that is over. */
export class Recorder {
  readonly #context: InstanceContext;
  readonly #snapshot: () => Snapshot;
  #last: Promise<void> = Promise.resolve();
  #waiting = false;

  constructor(context: InstanceContext, snapshot: () => Snapshot) {
    this.#context = context;
    this.#snapshot = snapshot;
  }

  /** Writes the state as it is when the write before has ended. */
  save(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#next(async () => {
      this.#waiting = false;
      await this.#context.records.put(toRecord(this.#snapshot()));
    });
  }

  /** Removes the record. Nothing is saved after that. */
  async remove(): Promise<void> {
    this.#waiting = true;
    const { service, number } = this.#snapshot();
    this.#next(() => this.#context.records.remove(service, number));
    await this.#last;
  }

  #next(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      // The instance goes on without it: the mark in its environment is enough to find its processes again.
      const { service, number } = this.#snapshot();
      this.#context.log.warn({ err: error, service, number }, 'the record of an instance could not be written');
    });
  }
}

function toRecord({ service, number, version, restarts, state }: Snapshot): InstanceRecord {
  const { process } = state;
  const record = {
    service,
    number,
    version,
    restarts,
    state: state.status,
    reason: 'reason' in state ? state.reason : '',
    address: process?.address ?? '',
  };
  if (process?.startTicks === undefined) return record;
  return { ...record, process: { pid: process.pid, startTicks: process.startTicks, bootId: readBootId() } };
}
