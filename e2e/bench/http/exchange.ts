/** A request and its answer, as clients and the instance agree on them. */
export interface Exchange {
  readonly method: 'GET' | 'POST';
  /** As the instance gets to see it. */
  readonly path: string;
  readonly bodyBytes: number;
  readonly answerBytes: number;
  /** Default "length". Of both bodies. */
  readonly framing?: 'length' | 'chunked';
  /** Whether the client asks for its connection to be closed after the answer. */
  readonly closes?: boolean;
}

/** What bodies and answers are made of. */
export const filling = 'x';

/** Under which every proxy offers the instance; the service `bench` to `micro server`. It is not sent on. */
export const prefix = '/service/bench';

const kibi = 1024;
const mebi = 1024 * 1024;

export const small = { method: 'GET', path: '/small', bodyBytes: 0, answerBytes: 100 } satisfies Exchange;
export const closing = { ...small, closes: true } satisfies Exchange;
export const medium = {
  method: 'POST',
  path: '/medium',
  bodyBytes: 16 * kibi,
  answerBytes: 16 * kibi,
} satisfies Exchange;
export const chunked = { ...medium, path: '/chunked', framing: 'chunked' } satisfies Exchange;
export const download = { method: 'GET', path: '/large', bodyBytes: 0, answerBytes: 10 * mebi } satisfies Exchange;
export const upload = { method: 'POST', path: '/upload', bodyBytes: 10 * mebi, answerBytes: 100 } satisfies Exchange;
