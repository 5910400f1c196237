import { Agent, type AgentOptions } from 'node:http';
import type { Socket } from 'node:net';
import { connectTo } from './connect.ts';

/** Connections to HTTP/1.1 instances, kept for the next request for as long as `timeout` says. */
export class UpstreamAgent extends Agent {
  readonly #connectMs: number;

  constructor(connectMs: number, options: AgentOptions) {
    super(options);
    this.#connectMs = connectMs;
  }

  // Called by Agent, which puts a `socketPath` into `path`.
  override createConnection({ host, port, path }: { host: string; port: number; path?: string | null }): Socket {
    return connectTo(path ? { path } : { host, port }, this.#connectMs);
  }
}
