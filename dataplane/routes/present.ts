import type { RouteUpdate } from '../../proto/routes/source.ts';
import { DataPlaneError } from '../errors.ts';
import { problemsOfDelta, problemsOfSnapshot } from './check.ts';
import { Draining } from './draining.ts';
import { InstanceStates } from './instance-state.ts';
import { compileTable, type RoutedService, type RouteTable, type TableParts, updateTable } from './table.ts';

/** The one reference to the route table that is served. Each update builds a new table and swaps it in. */
export class PresentTable {
  #table: RouteTable | undefined;
  readonly #parts: TableParts = { states: new InstanceStates(), random: Math.random };
  readonly #lastGoodPath: string;
  /** What has left it with calls in flight. */
  readonly draining = new Draining();

  /** @param lastGoodPath named to those who have to move the data plane to another cluster */
  constructor(lastGoodPath: string) {
    this.#lastGoodPath = lastGoodPath;
  }

  /** Undefined before the first. */
  get table(): RouteTable | undefined {
    return this.#table;
  }

  /** 0n before the first. */
  get revision(): bigint {
    return this.#table?.revision ?? 0n;
  }

  /**
   * Serves from the updated table from here on.
   *
   * @throws DataPlaneError `update-refused` when the update does not follow on the present table or is inconsistent; the
   *   present table stays
   */
  apply(update: RouteUpdate): RouteTable {
    this.#refuseForeignOrOlder(update);
    const last = this.#table;
    if (update.$case === 'snapshot') {
      refuseIfAny(problemsOfSnapshot(update.value));
      const next = compileTable(update.value, this.#parts, last);
      this.#table = next;
      this.draining.replace(last?.services ?? [], next.services);
      return next;
    }
    if (last?.revision !== update.value.baseRevision) {
      throw refused(`the delta is on revision ${update.value.baseRevision}, and ${this.revision || 'none'} is served`);
    }
    refuseIfAny(problemsOfDelta(update.value));
    const next = updateTable(last, update.value, this.#parts);
    this.#table = next;
    const names = [...update.value.changed.map(({ name }) => name), ...update.value.removed];
    this.draining.replace(servicesOf(last, names), servicesOf(next, names));
    return next;
  }

  #refuseForeignOrOlder({ value: { clusterId, revision } }: RouteUpdate): void {
    const table = this.#table;
    if (table && clusterId !== table.clusterId) {
      throw refused(
        `the table is of cluster ${clusterId}, and this data plane serves cluster ${table.clusterId}; ` +
          `to move it over, stop it, remove ${this.#lastGoodPath} and start it again`,
      );
    }
    if (revision < this.revision) throw refused(`revision ${revision} is older than ${this.revision}, which is served`);
  }
}

function servicesOf({ services }: RouteTable, names: readonly string[]): readonly RoutedService[] {
  return names.flatMap((name) => services.get(name) ?? []);
}

function refuseIfAny(problems: readonly string[]): void {
  if (problems.length > 0) throw refused(problems.join('; '));
}

const refused = (reason: string): DataPlaneError => new DataPlaneError('update-refused', reason);
