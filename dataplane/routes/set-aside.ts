import type { InstanceState } from './instance-state.ts';
import type { RouteTable } from './table.ts';

/** How many instances of a table are set aside now; one that several services share counts once. */
export function setAside({ services }: RouteTable): number {
  const states = new Set<InstanceState>();
  for (const { pickers } of services) {
    for (const { state } of pickers.any.instances) if (state.isSetAside) states.add(state);
  }
  return states.size;
}
