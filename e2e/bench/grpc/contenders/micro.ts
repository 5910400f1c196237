import type { Contender, RunningProxy, Surroundings } from '../../proxies/contender.types.ts';
import { microTitle, startMicro } from '../../proxies/micro.ts';
import { registration } from '../../registration.ts';
import { ask } from '../ask.ts';
import { packageName, small } from '../exchange.ts';

const answerWithinMs = 5_000;

export const micro: Contender = { name: 'micro', title: microTitle, start: startGrpc };

/** Starts a server of which the `grpc` entrypoint is measured. */
export function startGrpc({ instance, ...options }: Surroundings): Promise<RunningProxy> {
  return startMicro({
    ...options,
    entrypoint: 'grpc',
    registrations: [registration(packageName, instance, { metadata: { protocol: 'grpc' } })],
    async tryOut(address) {
      const { headers, trailers } = await ask(address, small, AbortSignal.timeout(answerWithinMs));
      return trailers['grpc-status'] === '0' ? undefined : `grpc-message: ${String(headers['grpc-message'])}`;
    },
  });
}
