/** Where go-micro keeps instances; see ARCHITECTURE.md, State. */
export const registryPrefix = '/micro/registry/';

/** The key of one instance. Parts of a key cannot hold `/`, so go-micro writes `-`. */
export function instanceKey(service: string, instanceId: string): string {
  return `${registryPrefix}${toPart(service)}/${toPart(instanceId)}`;
}

/**
 * Whether a key is where an instance of a service belongs: `<service>/<instance-id>`, or under a domain, as micro v3
 * writes it: `<domain>/<service>/<instance-id>`.
 */
export function isKeyOf(key: string, service: string): boolean {
  const parts = key.slice(registryPrefix.length).split('/');
  return (parts.length === 2 || parts.length === 3) && parts.at(-2) === toPart(service);
}

function toPart(text: string): string {
  return text.replaceAll('/', '-');
}
