import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import type { Address } from '../channel/address.ts';
import { formatAddress } from '../channel/address.ts';
import { connect } from '../channel/client.ts';
import { RoutesClient, type SubscribeRequest, type SubscribeResponse } from '../gen/micro/routes/v1/routes.ts';
import type { RouteSource, RouteSubscriber } from './source.ts';

export interface DialRoutesOptions {
  /** Where the control plane listens (`--control`). */
  readonly address: Address;
  readonly token: string;
  /** How long to wait before the stream is opened again: doubles from the first to the last, with jitter. */
  readonly backoffMs?: { readonly first: number; readonly last: number };
}

/** The route source at the other end of a gRPC stream. It is dialled again, for as long as it takes, when it is lost. */
export function dialRoutes({
  address,
  token,
  backoffMs = { first: 100, last: 5_000 },
}: DialRoutesOptions): RouteSource {
  return {
    subscribe(subscriber) {
      const client = connect(RoutesClient, address, { token });
      let stream: Stream | undefined;
      let retry: NodeJS.Timeout | undefined;
      let failures = 0;
      let closed = false;

      const open = () => {
        const opened = client.subscribe();
        stream = opened;
        opened.once('data', () => {
          failures = 0;
          if (!closed) subscriber.connection({ status: 'connected' });
        });
        opened.on('data', (response: SubscribeResponse) => {
          if (!closed && stream === opened) void answer(opened, subscriber, response);
        });
        opened.on('error', (error: ServiceError) => reopen(opened, why(address, error)));
        opened.on('end', () => reopen(opened, `the control plane at ${formatAddress(address)} ended the route stream`));
        const { name: dataPlane, httpAddress, httpUsesTls = false } = subscriber;
        const hello = { dataPlane, httpAddress, httpUsesTls, revision: subscriber.revision() };
        opened.write({ message: { $case: 'hello', value: hello } });
      };

      const reopen = (broken: Stream, reason: string) => {
        // Both `end` and `error` come when a stream breaks; the first one counts, and neither is about a later stream.
        if (closed || stream !== broken) return;
        stream = undefined;
        subscriber.connection({ status: 'disconnected', reason });
        const delayMs = Math.min(backoffMs.first * 2 ** failures, backoffMs.last) * (0.5 + Math.random() / 2);
        failures += 1;
        retry = setTimeout(open, delayMs);
      };

      open();
      return {
        drained(address) {
          // While there is no stream nothing is lost: the first ack of the next one names what is draining then.
          stream?.write({ message: { $case: 'drained', value: { address } } });
        },
        close() {
          closed = true;
          clearTimeout(retry);
          stream?.cancel();
          stream = undefined;
          client.close();
        },
      };
    },
  };
}

type Stream = ClientDuplexStream<SubscribeRequest, SubscribeResponse>;

async function answer(stream: Stream, subscriber: RouteSubscriber, { update }: SubscribeResponse): Promise<void> {
  // A control plane newer than this data plane may send what is not known here.
  if (update === undefined) return stream.cancel();
  const { revision } = update.value;
  try {
    await subscriber.apply(update);
    const draining = [...subscriber.draining()];
    stream.write({ message: { $case: 'ack', value: { revision, draining } } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    stream.write({ message: { $case: 'nack', value: { revision, reason } } });
  }
}

function why(address: Address, error: ServiceError): string {
  const where = `the control plane at ${formatAddress(address)}`;
  if (error.code === status.UNAUTHENTICATED)
    return `${where} refused the token: give its own with --token or MICRO_TOKEN`;
  // grpc-js ends with a note on name resolution that is empty more often than not.
  return `${where} cannot be reached: ${error.details.replace(/\.? Resolution note: $/, '')}`;
}
