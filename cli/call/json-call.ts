import { once } from 'node:events';
import { type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { type Metadata, status } from '@grpc/grpc-js';
import { formatAddress, type TcpAddress } from '../../proto/channel/address.ts';

/** As grpc-js takes by default. */
const maxMessageBytes = 4 * 1024 * 1024;

/** Flag and length: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests */
const prefixBytes = 5;

/** Eight digits is what the header holds. */
const longestTimeoutMs = 99_999_999;

/** That the server ends the call in time is waited for this long. */
const graceMs = 1_000;

/**
 * Calls a method whose messages are not known with JSON in place of them, as go-micro and Connect take it. grpc-js has no
 * way to say so, hence the call in HTTP/2. Yields each answer, in JSON, as it comes.
 *
 * @param path "/package.Service/Method"
 * @throws Error that is a ServiceError: what the service answered, or why it could not be called
 */
export async function* invokeJson(
  address: TcpAddress,
  path: string,
  json: string,
  metadata: Metadata,
  timeoutMs: number,
): AsyncGenerator<string> {
  const session = connect(`http://${formatAddress(address)}`);
  // Fails the stream too, which is read below.
  session.on('error', () => {});
  try {
    const stream = session.request(
      {
        ...metadata.toHttp2Headers(),
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: path,
        'content-type': 'application/grpc+json',
        'grpc-timeout': `${Math.min(timeoutMs, longestTimeoutMs)}m`,
        te: 'trailers',
      },
      { signal: AbortSignal.timeout(timeoutMs + graceMs) },
    );
    let trailers: IncomingHttpHeaders | undefined;
    stream.once('trailers', (received: IncomingHttpHeaders) => (trailers = received));
    stream.end(framed(json));
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status'?: number }];
    if (head[':status'] !== 200) throw failure(status.UNIMPLEMENTED, `it answered with HTTP status ${head[':status']}`);
    yield* messagesIn(stream);
    const { 'grpc-status': code, 'grpc-message': message = '' } = trailers ?? head;
    if (code !== '0') throw failure(Number(code ?? status.UNKNOWN), decoded(String(message)));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
    throw failure(status.DEADLINE_EXCEEDED, `no answer within ${timeoutMs} ms`);
  } finally {
    session.destroy();
  }
}

function framed(json: string): Buffer {
  const message = Buffer.from(json);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

async function* messagesIn(stream: ClientHttp2Stream): AsyncGenerator<string> {
  let read: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    read = Buffer.concat([read, chunk]);
    while (read.length >= prefixBytes) {
      const length = read.readUInt32BE(1);
      if (length > maxMessageBytes) throw failure(status.RESOURCE_EXHAUSTED, `an answer has ${length} bytes`);
      if (read.length < prefixBytes + length) break;
      yield read.toString('utf8', prefixBytes, prefixBytes + length);
      read = read.subarray(prefixBytes + length);
    }
  }
}

/** Of a message that is not percent-encoded as it should be, what there is. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

function failure(code: number, details: string): Error & { readonly code: number; readonly details: string } {
  return Object.assign(new Error(details), { code, details });
}
