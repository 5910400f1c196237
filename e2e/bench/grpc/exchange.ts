/** A call, as clients and the instance agree on it: messages that all are equal. */
export interface Exchange {
  readonly method: string;
  /** What frames a message included: length and whether it is compressed. */
  readonly messageBytes: number;
  /** How many messages answer the one that is sent. */
  readonly answers: number;
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
const prefixBytes = 5;

export const small: Exchange = { method: 'Call', messageBytes: prefixBytes + 16, answers: 1 };
export const large: Exchange = { method: 'Call', messageBytes: 64 * 1024, answers: 1 };

/** @param answers how many messages to ask for */
export function stream(answers: number): Exchange {
  return { method: 'Stream', messageBytes: small.messageBytes, answers };
}

/** To `micro server` also the name of the service: calls are routed by their package. */
export const packageName = 'go.micro.service.bench';

export function pathOf({ method }: Exchange): string {
  return `/${packageName}.Echo/${method}`;
}

/** What a client sends, and gets: it says how often. */
export function messageOf({ messageBytes, answers }: Exchange): Buffer {
  const message = Buffer.alloc(messageBytes, 'x');
  message[0] = 0;
  message.writeUInt32BE(messageBytes - prefixBytes, 1);
  message.writeUInt32BE(answers, prefixBytes);
  return message;
}

/** How often a message is to be sent back. */
export function answersWanted(message: Buffer): number {
  return message.readUInt32BE(prefixBytes);
}
