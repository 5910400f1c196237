import type { ServingStatus } from '../admin/entrypoint.ts';
import type { RoutesStatus } from '../routes/subscription.ts';

/**
 * How workers do as one: they are ready while one of them is, and their route table is that of the one that is furthest
 * behind. The connection is one that is lost, where there is one.
 *
 * @param answers one for each worker; a word in the place of a status says why there is none
 */
export function statusOf(answers: readonly (RoutesStatus | string)[]): ServingStatus {
  const told = answers.filter((answer) => typeof answer !== 'string');
  const ready = told.filter(({ source }) => source !== undefined);
  const [furthestBehind] = ready.toSorted((a, b) => Number(a.revision - b.revision));
  const lost = told.find(({ connection }) => connection.status === 'disconnected');
  const { revision, source, connection } = furthestBehind ?? lost ?? noneAnswers;
  return {
    revision,
    source,
    connection: lost?.connection ?? connection,
    workers: { wanted: answers.length, ready: ready.length },
  };
}

const noneAnswers: RoutesStatus = {
  revision: 0n,
  source: undefined,
  connection: { status: 'disconnected', reason: 'no worker answers' },
};
