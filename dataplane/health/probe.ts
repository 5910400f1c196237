import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:http2';
import { type HealthCheck, Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import type { RoutedInstance } from '../routes/table.ts';
import { connectTo } from '../upstream/connect.ts';

/**
 * Checks an instance once, on a connection of its own. Rejects with the reason when it is not healthy, or `signal` is
 * aborted before that is known.
 */
export type Probe = (instance: RoutedInstance, check: HealthCheck, signal: AbortSignal) => Promise<void>;

export const probe: Probe = (instance, check, signal) =>
  instance.protocol === Protocol.PROTOCOL_H2C ? greet(instance, check, signal) : get(instance, check, signal);

/** Asks for the path of the check, and takes the answer to its end. */
function get({ address, name }: RoutedInstance, { path, timeoutMs }: HealthCheck, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const host = 'path' in address ? 'localhost' : name;
    const outgoing = request({
      path,
      headers: { host, 'user-agent': 'micro-health-check' },
      createConnection: () => connectTo(address, timeoutMs),
      signal,
    });
    outgoing.once('response', (answer: IncomingMessage) => {
      const { statusCode = 0 } = answer;
      answer.once('end', () => {
        if (statusCode >= 200 && statusCode < 400) resolve();
        else reject(new Error(`GET ${path} was answered with the status ${statusCode}`));
      });
      answer.on('error', reject).resume();
    });
    outgoing.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    // An answer that is an upgrade, which was not asked for, closes it without an error.
    outgoing.once('close', () => reject(new Error('the connection ended before an answer')));
    outgoing.end();
  });
}

/**
 * Waits for the SETTINGS with which a server begins (RFC 9113 section 3.4). What a gRPC service says of its health is told
 * by the protocol of grpc.health.v1, not by a path.
 */
function greet({ address }: RoutedInstance, { timeoutMs }: HealthCheck, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const session = connect('http://instance', {
      createConnection: () => connectTo(address, timeoutMs),
      settings: { enablePush: false },
    });
    const giveUp = (): void => session.destroy(signal.reason);
    signal.addEventListener('abort', giveUp);
    session.once('remoteSettings', () => {
      resolve();
      session.close();
    });
    session.on('error', reject);
    session.once('close', () => {
      signal.removeEventListener('abort', giveUp);
      reject(new Error('the connection ended before the SETTINGS of HTTP/2'));
    });
  });
}
