/** What an instance is called in the registry; no two of a service have the same. */
export function registryId(service: string, node: string, number: number): string {
  return `${service}-${node}-${number}`;
}
