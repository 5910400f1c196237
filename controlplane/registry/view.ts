import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Entry, Mirror, MirrorChange } from '../etcd/client/mirror.types.ts';
import { decodeRegistered } from './codec.ts';
import { compare, groupByVersion, type Written } from './group.ts';
import { readHealthCheck } from './health-check.ts';
import { isKeyOf, registryPrefix } from './keys.ts';
import type { RegistryChange, RegistryView, ServiceVersion } from './types.ts';
import { problemsOf } from './validate.ts';

export interface RegistryViewOptions {
  readonly mirror: Mirror;
  readonly log: Logger;
}

/**
 * Reads the registry from the mirror and follows it: a change costs as much as the services it touches. A value that is
 * not an instance is left out, and logged once each time it is written.
 */
export function startRegistryView({ mirror, log }: RegistryViewOptions): RegistryView {
  const writtenByKey = new Map<string, readonly Written[]>();
  const keysByName = new Map<string, Set<string>>();
  const versionsByName = new Map<string, readonly ServiceVersion[]>();
  const listeners = new Set<(change: RegistryChange) => void>();
  let revision = mirror.revision;

  /** Replaces what a key holds; returns the names of the services it belonged to before and belongs to now. */
  const replace = (key: string, written: readonly Written[]): readonly string[] => {
    const before = (writtenByKey.get(key) ?? []).map(({ registered }) => registered.name);
    for (const name of before) keysByName.get(name)?.delete(key);
    if (written.length === 0) writtenByKey.delete(key);
    else writtenByKey.set(key, written);
    const after = written.map(({ registered }) => registered.name);
    for (const name of after) keysByName.set(name, (keysByName.get(name) ?? new Set()).add(key));
    return [...before, ...after];
  };

  /** Puts a service together anew; returns whether it differs. */
  const rebuild = (name: string): boolean => {
    const keys = [...(keysByName.get(name) ?? [])].toSorted(compare);
    const versions = groupByVersion(keys.flatMap((key) => writtenByKey.get(key) ?? []));
    if (isDeepStrictEqual(versions, versionsByName.get(name) ?? [])) return false;
    if (versions.length === 0) {
      keysByName.delete(name);
      versionsByName.delete(name);
    } else {
      versionsByName.set(name, versions);
    }
    return true;
  };

  const apply = (change: MirrorChange): void => {
    const touched = new Set([
      ...change.deleted.flatMap((key) => replace(key, [])),
      ...change.put.flatMap((entry) => replace(entry.key, read(entry, log))),
    ]);
    revision = change.revision;
    const names = new Set([...touched].filter(rebuild));
    if (names.size === 0) return;
    for (const listener of listeners) listener({ names, revision });
  };

  apply({ revision, put: mirror.list(registryPrefix), deleted: [] });
  const stop = mirror.onChange(registryPrefix, apply);
  return {
    get revision() {
      return revision;
    },
    get: (name) => versionsByName.get(name) ?? [],
    list: () => [...versionsByName.keys()].toSorted(compare).flatMap((name) => versionsByName.get(name) ?? []),
    keysOf: (service, instanceId) =>
      [...(keysByName.get(service) ?? [])].filter((key) =>
        writtenByKey
          .get(key)
          ?.some(({ registered: { name, instance } }) => name === service && instance.id === instanceId),
      ),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop,
  };
}

/** The instances that a key holds, without those that may not be routed to. */
function read({ key, value, modRevision }: Entry, log: Logger): readonly Written[] {
  const skip = (reason: string): void => {
    log.warn({ key, revision: modRevision.toString(), reason }, 'left out of the registry: not an instance');
  };
  try {
    return decodeRegistered(value).flatMap((registered) => {
      const problems = isKeyOf(key, registered.name)
        ? problemsOf(registered)
        : [`its name ${JSON.stringify(registered.name)} belongs under another key`];
      if (problems.length > 0) {
        skip(problems.join('; '));
        return [];
      }
      const ignored = readHealthCheck(registered.instance.metadata).problems;
      if (ignored.length > 0) {
        const details = { key, revision: modRevision.toString(), reason: ignored.join('; ') };
        log.warn(details, 'ignored in the health check of an instance');
      }
      return [{ registered, modRevision }];
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    skip(error.message);
    return [];
  }
}
