import { join } from 'node:path';
import type { Contender, RunningProxy, Surroundings } from '../../proxies/contender.types.ts';
import { microTitle, startMicro } from '../../proxies/micro.ts';
import { type Registration, registration } from '../../registration.ts';
import { prefix, small } from '../exchange.ts';

export const micro: Contender = { name: 'micro', title: microTitle, start: (options) => startHttp(options) };

export const microWithAccessLog: Contender = {
  name: 'micro-access-log',
  title: 'micro server, access log',
  start: (options) => startHttp({ ...options, accessLog: join(options.folder, 'access.log') }),
};

interface HttpOptions extends Surroundings {
  /** A file; default "off". */
  readonly accessLog?: string;
  /** What is registered besides the instance, which is the service `bench`; default nothing. */
  readonly others?: readonly Registration[];
}

/** Starts a server of which the `http` entrypoint is measured. */
export function startHttp({ instance, others = [], ...options }: HttpOptions): Promise<RunningProxy> {
  return startMicro({
    ...options,
    entrypoint: 'http',
    registrations: [...others, registration('go.micro.service.bench', instance)],
    async tryOut(address) {
      const answer = await fetch(`http://${address}${prefix}${small.path}`);
      const body = await answer.text();
      return answer.ok ? undefined : body;
    },
  });
}
