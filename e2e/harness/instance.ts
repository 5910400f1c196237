import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP service that nobody started but the test. */
export interface TestInstance extends AsyncDisposable {
  /** "127.0.0.1:41234" */
  readonly address: string;
}

/** Starts an instance that answers every request with `text`. */
export async function startInstance(text = 'here'): Promise<TestInstance> {
  const server = createServer((_request, response) => response.end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
