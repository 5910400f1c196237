/** A key and its value in the registry. */
export interface Registration {
  readonly key: string;
  readonly value: string;
}

export interface RegistrationOptions {
  /** Of the instance; default the name of the service and "-1". */
  readonly id?: string;
  /** Of the instance; default none. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What an instance registers itself with, as go-micro v2 writes it. */
export function registration(
  name: string,
  address: string,
  { id = `${name}-1`, metadata = {} }: RegistrationOptions = {},
): Registration {
  const nodes = [{ id, address, metadata }];
  return {
    key: `/micro/registry/${name}/${id}`,
    value: JSON.stringify({ name, version: 'latest', metadata: null, endpoints: [], nodes }),
  };
}
