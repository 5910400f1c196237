import { createServer, type AddressInfo } from 'node:net';

/** "127.0.0.1" and a port that was free a moment ago, for a program that cannot take one from the operating system itself. */
export async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}
