import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A message as its bytes were, as latin1. */
export interface RawMessage {
  /** With the empty line at its end. */
  readonly head: string;
  /** Without its framing, but with trailers where there are some. */
  readonly body: string;
}

/**
 * Takes a message off the beginning of some bytes. Of what this server sends only the plainest is right: anything else
 * throws. Undefined for one that is not whole.
 *
 * @param isBodiless for an answer that has no body whatever its head says
 * @param hasEnded whether nothing more comes, which ends an answer that says no length
 */
function takeMessage(
  bytes: string,
  { isBodiless = false, hasEnded = false } = {},
): { readonly message: RawMessage; readonly rest: string } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n') + 4;
  if (headEnd < 4) return undefined;
  const head = bytes.slice(0, headEnd);
  const rest = bytes.slice(headEnd);
  const lengths = [...head.matchAll(/\r\ncontent-length: (\d+)(?=\r\n)/gi)];
  const codings = [...head.matchAll(/\r\ntransfer-encoding: (chunked)(?=\r\n)/gi)];
  const framings = head.match(/\r\n(?:content-length|transfer-encoding)[^\r]*/gi) ?? [];
  if (framings.length > 1 || lengths.length + codings.length !== framings.length)
    throw new Error(`ambiguous head: ${JSON.stringify(head)}`);
  if (isBodiless) return { message: { head, body: '' }, rest };
  if (codings.length === 1) return takeChunks(head, rest);
  const isOpen = head.startsWith('HTTP/') && lengths.length === 0;
  if (isOpen) return hasEnded ? { message: { head, body: rest }, rest: '' } : undefined;
  const length = Number(lengths[0]?.[1] ?? 0);
  return rest.length < length
    ? undefined
    : { message: { head, body: rest.slice(0, length) }, rest: rest.slice(length) };
}

function takeChunks(head: string, bytes: string): { readonly message: RawMessage; readonly rest: string } | undefined {
  let body = '';
  let rest = bytes;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    if (lineEnd < 0) return undefined;
    const digits = rest.slice(0, lineEnd);
    if (!/^[\da-f]{1,10}$/i.test(digits)) throw new Error(`a chunk of the size ${JSON.stringify(digits)}`);
    const size = Number.parseInt(digits, 16);
    rest = rest.slice(lineEnd + 2);
    if (size === 0) {
      const end = rest.startsWith('\r\n') ? 0 : rest.indexOf('\r\n\r\n') + 2;
      if (end === 1) return undefined;
      if (!rest.startsWith('\r\n', end)) return undefined;
      return { message: { head, body: body + rest.slice(0, end) }, rest: rest.slice(end + 2) };
    }
    if (rest.length < size + 2) return undefined;
    if (!rest.startsWith('\r\n', size)) throw new Error('a chunk that does not end');
    body += rest.slice(0, size);
    rest = rest.slice(size + 2);
  }
}

/** What an instance answers, byte for byte. */
export interface RawAnswer {
  readonly bytes: string;
  /** Whether the instance closes the connection behind it. */
  readonly ends?: boolean;
}

/** An instance on a socket: keeps what reaches it, byte for byte, and answers with what it is told to. */
export class RawInstance implements AsyncDisposable {
  /** Requests, in the order in which they came. */
  readonly requests: RawMessage[] = [];
  /** What came that is no request. */
  readonly errors: unknown[] = [];
  connections = 0;
  answer: (request: RawMessage) => RawAnswer = () => ({ bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' });
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#accept(socket));

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    let received = '';
    socket.setNoDelay().on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
    });
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      try {
        for (let taken = takeMessage(received); taken; taken = takeMessage(received)) {
          received = taken.rest;
          this.requests.push(taken.message);
          const { bytes: answer, ends = false } = this.answer(taken.message);
          socket.write(answer, 'latin1');
          if (ends) socket.end();
        }
      } catch (error) {
        this.errors.push(error);
        socket.destroy();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** The answers to some requests, from all that came on a connection. Interim ones stand beside the others. */
export function answersIn(bytes: string, methods: readonly string[]): RawMessage[] {
  const answers: RawMessage[] = [];
  let rest = bytes;
  let asked = 0;
  while (rest !== '') {
    const status = Number(rest.slice(9, 12));
    const isInterim = status < 200;
    const isBodiless = isInterim || status === 204 || status === 304 || methods[asked] === 'HEAD';
    const taken = takeMessage(rest, { isBodiless, hasEnded: true });
    if (!taken) throw new Error(`no whole answer: ${JSON.stringify(rest)}`);
    answers.push(taken.message);
    if (!isInterim) asked += 1;
    rest = taken.rest;
  }
  return answers;
}
