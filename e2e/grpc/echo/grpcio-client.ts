import { createInterface } from 'node:readline';
import type { Ask, ClientOptions, EchoClient, Outcome } from './echo.types.ts';
import { spawnPython } from './python.ts';

interface Answer {
  readonly id: number;
  readonly outcome: Outcome;
  readonly codes: Readonly<Record<number, number>>;
}

type Order = { readonly ask: Ask; readonly times?: number; readonly atOnce?: number };

export function connectGrpcio(options: ClientOptions): EchoClient {
  const child = spawnPython('grpcio_client.py', [JSON.stringify(options)]);
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  let last = 0;
  createInterface(child.stdout).on('line', (line) => {
    const answer = JSON.parse(line) as Answer;
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
  });
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      for (const { reject } of waiting.values()) reject(new Error('grpcio_client.py ended before it answered'));
      resolve();
    });
  });
  const carryOut = (order: Order) =>
    new Promise<Answer>((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      child.stdin.write(`${JSON.stringify({ id: last, ...order })}\n`);
    });
  return {
    call: async (ask) => (await carryOut({ ask })).outcome,
    repeat: async (ask, times, atOnce) => (await carryOut({ ask, times, atOnce })).codes,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
