import type { Call } from '../../calls.ts';
import type { InstanceState } from '../../routes/instance-state.ts';
import type { RoutedInstance, RoutedService } from '../../routes/table.ts';
import type { OwnAnswer } from '../../downstream/error-answer.ts';
import type { ForwardFailure } from '../failure.ts';
import type { AnswerHead } from './answer-head.ts';
import type { BodyReader } from './body-reader.ts';
import type { InHand } from './in-hand.ts';
import type { RequestHead } from './request-head.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import type { Part } from '../../sockets/socket-writer.ts';

/**
 * What a client's connection is at. It serves one request at a time.
 *
 *                 ┌────────────── the answer is whole ────────────────┐
 *                 ▼                                                   │
 *   accepted ▶ reading ─head▶ connecting ─▶ asking ─answer's head▶ answering
 *                 │ │             │  ▲        │ │                     │
 *                 │ │             │  └─again──┘ │                     │
 *                 │ └─refused─────┴─own answer──┴─────▶ leaving ◀─────┤ to be closed
 *                 ▼                                        │          ▼
 *            handed over                                   └──▶ gone ◀┘ broken off
 *
 * From every state a client that leaves leads to `gone`. An answer of the data plane's own leads back to `reading` where
 * the whole request is in.
 */
export type State = Reading | Connecting | Asking | Answering | Leaving | HandedOver | Gone;

/** At rest, or with the beginning of a head. */
export interface Reading {
  readonly kind: 'reading';
  readonly received: Buffer | undefined;
}

/** Nothing was sent yet to the instance that was picked. */
export interface Connecting {
  readonly kind: 'connecting';
  readonly request: Request;
  readonly instance: RoutedInstance;
  readonly upstream: UpstreamConnection;
}

/** The head of the request was sent; its body may still be coming. */
export interface Asking {
  readonly kind: 'asking';
  readonly request: Request;
  readonly instance: RoutedInstance;
  readonly upstream: UpstreamConnection;
  readonly requestBody: BodyReader;
  /** Whether what was sent of the body is still in hand. */
  isInHand: boolean;
  /** Interim answers so far. */
  interims: number;
  /** The beginning of the answer's head. */
  received: Buffer | undefined;
}

/** The head of the answer was passed on; the bodies of both may still be coming. */
export interface Answering {
  readonly kind: 'answering';
  readonly request: Request;
  readonly instance: RoutedInstance;
  readonly upstream: UpstreamConnection;
  readonly requestBody: BodyReader;
  readonly answer: AnswerHead;
  readonly answerBody: BodyReader;
  /** Whether the client was told that the connection ends with this answer. */
  readonly close: boolean;
  /** As `takenOf` said when the client was last waited for. */
  taken: number;
}

/** The last answer is out. What still comes from the client is thrown away, so that it can read that answer. */
export interface Leaving {
  readonly kind: 'leaving';
  /** As `takenOf` said when the client was last waited for. */
  readonly taken: number;
}

export interface HandedOver {
  readonly kind: 'handed-over';
}

export interface Gone {
  readonly kind: 'gone';
}

/** A request that is being served. */
export interface Request {
  readonly head: RequestHead;
  readonly call: Call;
  readonly service: RoutedService;
  /** Its head as instances get it. */
  readonly text: string;
  /** What came of its body, and of the requests behind it, before it was sent; then as much as can be sent again. */
  inHand: InHand;
  /** Of instances that could not serve it. */
  tried: Set<InstanceState> | undefined;
  retries: number;
}

/**
 * What is to be done at once, on the way from one state to the next:
 *
 * - `connect`  find an instance for a request, and a connection to it
 * - `failed`   an instance gave no answer: another, or an answer of the data plane's own
 * - `ask`      send the request to the instance
 * - `answer`   pass on the head of its answer
 * - `respond`  answer for ourselves
 * - `leave`    end the connection with what was sent
 * - `read-on`  be ready for the next request
 */
export type Step = Connect | Failed | Ask | Answer | Respond | typeof leave | typeof readOn;

export interface Connect {
  readonly kind: 'connect';
  readonly request: Request;
  /** Of the try before. */
  readonly failure: ForwardFailure | undefined;
}

export interface Failed {
  readonly kind: 'failed';
  readonly request: Request;
  readonly instance: RoutedInstance;
  readonly failure: ForwardFailure;
  /** Whether nothing of the request's body was sent that is not still here. */
  readonly bodyIsInHand: boolean;
}

export interface Ask {
  readonly kind: 'ask';
  readonly request: Request;
  readonly instance: RoutedInstance;
  readonly upstream: UpstreamConnection;
}

export interface Answer {
  readonly kind: 'answer';
  readonly asking: Asking;
  readonly head: AnswerHead;
  /** What has come behind the head. */
  readonly part: Part;
}

export interface Respond {
  readonly kind: 'respond';
  readonly answer: OwnAnswer;
  readonly request: Pick<Request, 'head' | 'call' | 'inHand'>;
}

export const leave = { kind: 'leave' } as const;
export const readOn = { kind: 'read-on' } as const;

/** What happens to a client's connection. */
export type Event =
  | ({ readonly kind: 'client-bytes' } & InHand)
  | { readonly kind: 'client-drain' }
  /** The client ended its side; it may be waiting for the answer, or be gone. */
  | { readonly kind: 'client-end' }
  | { readonly kind: 'client-gone' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'instance-bytes'; readonly bytes: Buffer; readonly length: number; readonly isShared: boolean }
  | { readonly kind: 'instance-drain' }
  | { readonly kind: 'instance-end' }
  | { readonly kind: 'instance-gone'; readonly error: Error | undefined }
  | { readonly kind: 'deadline' }
  /** The listener is closed: what is at rest is not waited for. */
  | { readonly kind: 'closing' };

export const gone: Gone = { kind: 'gone' };
export const atRest: Reading = { kind: 'reading', received: undefined };
export const handedOver: HandedOver = { kind: 'handed-over' };
