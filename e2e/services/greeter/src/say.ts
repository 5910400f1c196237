import { setTimeout as pause } from 'node:timers/promises';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import type { Say } from './gen/greeter_pb.ts';
import { greet } from './greeting.ts';

/** The gRPC side of the greeter. */
export const say: ServiceImpl<typeof Say> = {
  hello: ({ name }) => ({ greeting: greet([given(name)]) }),

  async *helloAgain({ name, times, pauseMs }, { signal }) {
    const greeting = greet([given(name)]);
    // Ends with the call: when the caller cancels it, or its deadline passes.
    signal.addEventListener('abort', () => console.log(`${name} has been greeted enough`));
    const last = times === 0 ? Infinity : times;
    for (let count = 1; count <= last; count += 1) {
      if (count > 1) await pause(pauseMs, undefined, { signal });
      yield { greeting };
    }
  },

  async helloAll(requests) {
    const names: string[] = [];
    for await (const { name } of requests) names.push(given(name));
    return { greeting: greet(names) };
  },

  async *helloEach(requests) {
    for await (const { name } of requests) yield { greeting: greet([given(name)]) };
  },
};

function given(name: string): string {
  if (name === '') throw new ConnectError('give the name of whom to greet', Code.InvalidArgument);
  return name;
}
