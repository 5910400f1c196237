import type { Agent, ClientRequest, RequestOptions } from 'node:http';
import type { Address } from '../../../proto/channel/address.ts';
import { type FieldRecord, type Fields, recordOf } from '../../headers/fields.ts';
import { type Framing, requestFramingField } from '../framing.ts';

/** Connections to HTTP/1.1 instances: kept ones, and such as serve one request only. */
export interface Http1Agents {
  readonly kept: Agent;
  readonly fresh: Agent;
}

/**
 * Headers of an HTTP/1.1 request, with the framing that its body needs. Node sends none for the methods that seldom have
 * a body (https://github.com/nodejs/node/issues/27880), and what follows would be read as the next request.
 */
export function http1Headers(fields: Fields, method: string, framing: Framing): FieldRecord {
  const framingField = requestFramingField(method, framing);
  return recordOf(framingField ? [...fields, framingField] : fields);
}

/** Where an address is, in the words of `http.request`. */
export function http1Target(address: Address): Pick<RequestOptions, 'host' | 'port' | 'socketPath'> {
  return 'path' in address ? { socketPath: address.path } : { host: address.host, port: address.port };
}

/** Calls back when the connection that a request goes out on stands; never when there is none. */
export function onceConnected(upstream: ClientRequest, listener: () => void): void {
  upstream.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', listener);
    else listener();
  });
}
