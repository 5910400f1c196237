import { connect } from 'node:net';

/** What an instance speaks: gRPC over HTTP/2 without TLS, or HTTP/1.1. */
export type Protocol = 'grpc' | 'http';

/** The client's connection preface with an empty SETTINGS frame (RFC 9113, sections 3.4 and 6.5). */
const hello = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
const frameHeaderLength = 9;
const settingsFrame = 4;

/**
 * Connects and says hello in HTTP/2. A server that speaks it without TLS must answer with a SETTINGS frame; one that does
 * not answers in HTTP/1.1, hangs up, or says nothing for `timeoutMs`.
 *
 * @param options.declared what it is said to speak; one that is said to speak HTTP/1.1 is only connected to
 * @returns `undefined` when nothing accepts connections there
 */
export function probe(options: {
  readonly host: string;
  readonly port: number;
  readonly declared?: Protocol | undefined;
  readonly timeoutMs: number;
}): Promise<Protocol | undefined> {
  const { host, port, declared, timeoutMs } = options;
  return new Promise((resolve) => {
    let connected = false;
    let answer: Buffer = Buffer.alloc(0);
    const socket = connect({ host, port });
    const finish = (protocol: Protocol | undefined): void => {
      socket.destroy();
      resolve(protocol);
    };
    socket.setTimeout(timeoutMs, () => finish(connected ? 'http' : undefined));
    socket.once('connect', () => {
      connected = true;
      if (declared === 'http') finish('http');
      else socket.write(hello);
    });
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= frameHeaderLength) finish(answer[3] === settingsFrame ? 'grpc' : 'http');
    });
    // A reset after the hello is an answer too: whoever gave it does not speak HTTP/2.
    socket.once('error', () => finish(connected ? 'http' : undefined));
    socket.once('close', () => finish(connected ? 'http' : undefined));
  });
}
