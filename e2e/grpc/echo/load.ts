import { type EchoClient, methods } from './echo.types.ts';

const unary = { path: methods.unary, sizes: [16], waitForReady: true };

/** Makes calls, so many at once, until it is told to stop. */
export function startLoad({ repeat }: EchoClient): { stop(): Promise<Readonly<Record<number, number>>> } {
  const codes: Record<number, number> = {};
  const stopping = new AbortController();
  const ended = (async () => {
    while (!stopping.signal.aborted)
      for (const [code, count] of Object.entries(await repeat(unary, 100, 10)))
        codes[Number(code)] = (codes[Number(code)] ?? 0) + count;
  })();
  return {
    async stop() {
      stopping.abort();
      await ended;
      return codes;
    },
  };
}
