import { Agent, type AgentOptions } from 'node:http';
import type { Socket } from 'node:net';
import { connectTo } from './connect.ts';
import type { UpstreamConnections } from './connections.ts';

export interface UpstreamOptions {
  readonly connectMs: number;
  /** Where its connections are counted. */
  readonly connections: UpstreamConnections;
}

/** Connections to HTTP/1.1 instances, kept for the next request for as long as `timeout` says. */
export class UpstreamAgent extends Agent {
  readonly #upstream: UpstreamOptions;

  constructor(upstream: UpstreamOptions, options: AgentOptions) {
    super(options);
    this.#upstream = upstream;
  }

  // Called by Agent, which puts a `socketPath` into `path`.
  override createConnection({ host, port, path }: { host: string; port: number; path?: string | null }): Socket {
    const { connectMs, connections } = this.#upstream;
    return connections.add('HTTP/1.1', connectTo(path ? { path } : { host, port }, connectMs));
  }
}
