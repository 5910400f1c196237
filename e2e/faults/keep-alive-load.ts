import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';

/** Requests over connections that are kept, sent without a pause until it is stopped. */
export interface KeepAliveLoad {
  /** Waits for so many more outcomes. */
  outcomes(more: number): Promise<void>;
  /** Ends it, and tells how often each outcome was seen. */
  stop(): Promise<Outcomes>;
  /** Waits until every client has left, and tells the same. */
  ended(): Promise<Outcomes>;
}

/**
 * How often what was seen: "200" for an answer that is whole and right, another status, `broken` for an answer that broke
 * off, `hung` for one that did not come in time, or the code of what went wrong before an answer.
 */
type Outcomes = Readonly<Record<string, number>>;

export interface KeepAliveLoadOptions {
  readonly url: string;
  /** The right body. */
  readonly expected: string;
  readonly clients: number;
  /** After which an answer is taken not to come any more, in milliseconds. */
  readonly hangsAfterMs: number;
}

/** Sends GET requests from clients that have one connection each. A client whom nobody listens to any more leaves. */
export function startKeepAliveLoad(options: KeepAliveLoadOptions): KeepAliveLoad {
  const seen: Record<string, number> = {};
  let count = 0;
  const stopping = new AbortController();

  async function sendAll(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopping.signal.aborted) {
      const outcome = await send(agent, options);
      seen[outcome] = (seen[outcome] ?? 0) + 1;
      count += 1;
      if (outcome === 'ECONNREFUSED') break;
    }
    agent.destroy();
  }

  const clientsDone = Promise.all(Array.from({ length: options.clients }, sendAll));
  return {
    async outcomes(more) {
      const wanted = count + more;
      await expect.poll(() => count, { timeout: 30_000 }).toBeGreaterThanOrEqual(wanted);
    },
    async stop() {
      stopping.abort();
      await clientsDone;
      return seen;
    },
    async ended() {
      await clientsDone;
      return seen;
    },
  };
}

function send(agent: Agent, { url, expected, hangsAfterMs }: KeepAliveLoadOptions): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve('hung');
      request.destroy();
    }, hangsAfterMs);
    const done = (outcome: string): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const request = get(url, { agent });
    request.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    request.once('response', (answer: IncomingMessage) => {
      text(answer).then(
        (body) => done(answer.statusCode === 200 && body !== expected ? 'wrong' : String(answer.statusCode)),
        () => done('broken'),
      );
    });
  });
}
