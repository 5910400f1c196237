/** What a service of one instance puts into the registry, as go-micro v2 writes it. */
export function registration(name: string, address: string, id = `${name}-1`): { key: string; value: string } {
  const nodes = [{ id, address, metadata: {} }];
  return {
    key: `/micro/registry/${name}/${id}`,
    value: JSON.stringify({ name, version: 'latest', metadata: null, endpoints: [], nodes }),
  };
}
