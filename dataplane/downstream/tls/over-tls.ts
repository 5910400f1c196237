import { randomBytes } from 'node:crypto';
import { createServer, type SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { byFirstBytes } from '../by-first-bytes.ts';
import type { Lane } from '../lane.types.ts';
import { refusalLane } from '../refusal-lane.ts';
import type { CertificatePair } from './certificate-pair.ts';
import type { Certificates } from './certificates.ts';

export interface OverTlsOptions {
  readonly certificates: Certificates;
  /** Gets the connections that agreed on HTTP/2 by ALPN (RFC 7301). */
  readonly h2: Lane;
  /** Gets those that agreed on HTTP/1.1, or on nothing. */
  readonly http1: Lane;
  /** Gets those that do not speak TLS; left out, they are told to. */
  readonly plain?: Lane;
  /** How long a connection may take to send its first bytes, and then to shake hands, in milliseconds. */
  readonly handshakeMs: number;
  readonly log: Logger;
}

/** What a connection over TLS begins with: the type of a record that holds a handshake (RFC 8446 section 5.1). */
const handshakeRecord = 0x16;

/** Speaks TLS for lanes that need not know of it. */
export function overTls(options: OverTlsOptions): Lane {
  const tls = tlsLane(options);
  const { plain = refusalLane('this address speaks TLS: use https://') } = options;
  return byFirstBytes({
    lanes: [tls, plain],
    laneFor: ([first]) => (first === handshakeRecord ? tls : plain),
    timeoutMs: options.handshakeMs,
  });
}

function tlsLane({ certificates, h2, http1, handshakeMs, log }: OverTlsOptions): Lane {
  // The same for every certificate, so that clients resume their sessions when it was replaced.
  const ticketKeys = randomBytes(48);
  let shown = certificates.present();
  let isClosing = false;
  const server = createServer({
    ...contextOptions(shown, ticketKeys),
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: handshakeMs,
  });
  server.on('secureConnection', (socket) => {
    socket.allowHalfOpen = true;
    if (isClosing) socket.destroy();
    else (socket.alpnProtocol === 'h2' ? h2 : http1).accept(socket);
  });
  server.on('tlsClientError', (error, socket) => {
    log.debug({ err: error }, 'a client did not come to terms on TLS');
    socket.destroy();
  });

  return {
    accept(socket) {
      const present = certificates.present();
      if (present !== shown) {
        server.setSecureContext(contextOptions(present, ticketKeys));
        shown = present;
      }
      // Who ends its side while it shakes hands has left; what it means later is for the lanes to say.
      socket.allowHalfOpen = false;
      server.emit('connection', socket);
    },
    drain() {
      h2.drain();
      http1.drain();
    },
    closeIdle() {
      isClosing = true;
      h2.closeIdle();
      http1.closeIdle();
    },
  };
}

function contextOptions({ cert, key }: CertificatePair, ticketKeys: Buffer): SecureContextOptions {
  return { cert, key, ticketKeys, minVersion: 'TLSv1.2' };
}
