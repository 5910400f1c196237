import { ControlPlaneError } from '../../errors.ts';

/**
 * The number of an instance that somebody named: "2", or "node-1/2" as it is shown.
 *
 * @param options.known the numbers of the instances that run or have left something
 * @throws ControlPlaneError `not-found`, with those that there are
 */
export function resolveInstance(
  name: string,
  options: { readonly service: string; readonly node: string; readonly known: readonly number[] },
): number {
  const { service, node, known } = options;
  const number = known.find((number) => name === String(number) || name === `${node}/${number}`);
  if (number !== undefined) return number;
  const numbers = [...new Set(known)].toSorted((a, b) => a - b).map((number) => `${node}/${number}`);
  const there = numbers.length === 0 ? 'it has none yet' : `it has ${numbers.join(', ')}`;
  throw new ControlPlaneError('not-found', `${service} has no instance ${JSON.stringify(name)}: ${there}`);
}
