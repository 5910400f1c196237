import { expect } from 'vitest';

/** Requests that are sent without a pause, until it is stopped. */
export interface Load {
  /** Waits for so many more answers. */
  answers(more: number): Promise<void>;
  /** Ends it, and tells how often each outcome was seen: a status, or the code of what went wrong. */
  stop(): Promise<Readonly<Record<string, number>>>;
}

/** Sends GET requests from `clients` clients, each the next one when it has the answer to the last. */
export function startLoad(url: string, clients = 8): Load {
  const outcomes: Record<string, number> = {};
  let count = 0;
  const stopping = new AbortController();

  async function sendAll(): Promise<void> {
    while (!stopping.signal.aborted) {
      const outcome = await send(url);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      count += 1;
    }
  }

  const clientsDone = Promise.all(Array.from({ length: clients }, sendAll));
  return {
    async answers(more) {
      const wanted = count + more;
      await expect.poll(() => count, { timeout: 30_000 }).toBeGreaterThanOrEqual(wanted);
    },
    async stop() {
      stopping.abort();
      await clientsDone;
      return outcomes;
    },
  };
}

async function send(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    await response.arrayBuffer();
    return String(response.status);
  } catch (error) {
    const { cause, name } = error as Error;
    return (cause as NodeJS.ErrnoException | undefined)?.code ?? name;
  }
}
