import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Gives out ports, none to two instances at the same time. */
export class Ports {
  readonly #host: string;
  readonly #taken = new Set<number>();

  constructor(host: string) {
    this.#host = host;
  }

  /**
   * A port that the operating system has free now. It chooses at random, so that with many instances starting at once it
   * would name one twice before the first has bound it.
   */
  async take(): Promise<number> {
    for (;;) {
      const port = await freePort(this.#host);
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      return port;
    }
  }

  release(port: number): void {
    this.#taken.delete(port);
  }
}

async function freePort(host: string): Promise<number> {
  const server = createServer().listen({ host, port: 0, exclusive: true });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
