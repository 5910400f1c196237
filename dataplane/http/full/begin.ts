import type { CallHead } from '../../call.types.ts';
import type { CallRecorder } from '../../calls.ts';
import { fieldsOfRaw } from '../../headers/fields.ts';
import { originOf } from '../../headers/origin.ts';
import { clientLeft } from '../client-left.ts';
import { peerOf } from '../../headers/peer.ts';
import type { TrustedProxies } from '../../headers/trusted-proxies.ts';
import { type AnyRequest, type AnyResponse, Exchange } from './exchange.ts';

export interface BeginOptions {
  readonly calls: CallRecorder;
  readonly trustedProxies: TrustedProxies;
}

/** Begins an exchange: says where it comes from, and records it when it is over. */
export function beginExchange<Request extends AnyRequest, Response extends AnyResponse>(
  request: Request,
  response: Response,
  protocol: CallHead['protocol'],
  { calls, trustedProxies }: BeginOptions,
): Exchange<Request, Response> {
  const fields = fieldsOfRaw(request.rawHeaders);
  const { ':authority': authority } = request.headers;
  const peer = peerOf(request.socket, trustedProxies);
  const origin = originOf(peer, fields, trustedProxies, authority as string | undefined);
  const { requestId, client } = origin;
  const path = request.url?.split('?', 1)[0] ?? '';
  const call = calls.begin(
    { entrypoint: 'http', protocol, lane: 'full', requestId, method: request.method ?? '', path, client },
    clientLeft,
  );
  response.once('close', () => call.end());
  return new Exchange(request, response, fields, origin, call);
}
