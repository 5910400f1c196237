import type { Registered, RegistryInstance, ServiceVersion } from './types.ts';

/** An instance with the store revision that last wrote it. */
export interface Written {
  readonly registered: Registered;
  readonly modRevision: bigint;
}

/**
 * Puts the instances of one service together by version, sorted. What was written last decides where two say different
 * things: about one instance under two keys, or about the version they share.
 */
export function groupByVersion(written: readonly Written[]): readonly ServiceVersion[] {
  const oldestFirst = written.toSorted((a, b) => Number(a.modRevision - b.modRevision));
  const byId = new Map(oldestFirst.map(({ registered }) => [registered.instance.id, registered]));
  const byVersion = new Map<string, { latest: Registered; instances: RegistryInstance[] }>();
  for (const { registered } of oldestFirst) {
    if (byId.get(registered.instance.id) !== registered) continue;
    const version = byVersion.get(registered.version) ?? { latest: registered, instances: [] };
    version.latest = registered;
    version.instances.push(registered.instance);
    byVersion.set(registered.version, version);
  }
  return [...byVersion.values()]
    .map(({ latest: { name, version, metadata, endpoints }, instances }) => ({
      name,
      version,
      metadata,
      endpoints,
      instances: instances.toSorted((a, b) => compare(a.id, b.id)),
    }))
    .toSorted((a, b) => compare(a.version, b.version));
}

/** Order of names, versions and ids: by code unit, the same in every locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
