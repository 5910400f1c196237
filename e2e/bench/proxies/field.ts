import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Contender, Proxy, Surroundings } from './contender.types.ts';

/** The proxies that run. All of them do at once, and rest but for the one under load. */
export interface Field extends AsyncDisposable {
  /** Starts it, the first time. */
  proxy(contender: Contender): Promise<Proxy>;
}

/** @param surroundings of all; each gets a folder in theirs */
export function openField(surroundings: Surroundings): Field {
  const running = new AsyncDisposableStack();
  const proxies = new Map<Contender, Proxy>();
  return {
    async proxy(contender) {
      const known = proxies.get(contender);
      if (known) return known;
      const { name, title } = contender;
      const folder = join(surroundings.folder, name);
      await mkdir(folder);
      const started = running.use(await contender.start({ ...surroundings, folder }));
      process.stderr.write(`${title} is process ${started.pid} on ${started.address}\n`);
      const proxy = { ...started, title };
      proxies.set(contender, proxy);
      return proxy;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
