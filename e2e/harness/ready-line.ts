/** What a server listens on, by name: "127.0.0.1:8080"; "" for what it does not have. */
export interface Addresses {
  readonly http: string;
  readonly grpc: string;
  readonly admin: string;
  readonly control: string;
  readonly registry: string;
}

/** "micro server is ready: http http://127.0.0.1:8080 · grpc 127.0.0.1:8081"; undefined for any other line. */
export function readReadyLine(line: string): Addresses | undefined {
  const [, listed] = /^micro \w+ is ready: (.*)$/.exec(line) ?? [];
  if (listed === undefined) return undefined;
  const address = (name: string) => new RegExp(`(?:^| · )${name} (?:https?://)?(\\S+)`).exec(listed)?.[1] ?? '';
  return {
    http: address('http'),
    grpc: address('grpc'),
    admin: address('admin'),
    control: address('control'),
    registry: address('registry'),
  };
}
