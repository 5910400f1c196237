import * as fc from 'fast-check';
import {
  Compare,
  DeleteRangeRequest,
  LeaseTimeToLiveRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  TxnRequest,
  WatchCreateRequest,
} from '../gen/rpc.ts';
import { message } from './raw-client.ts';

/** One call, whose revisions count back from the newest one: 1 is the newest, 0 none given, -1 in the future. */
export type Operation =
  | { readonly call: 'range'; readonly request: RangeRequest }
  | { readonly call: 'put'; readonly request: PutRequest }
  | { readonly call: 'deleteRange'; readonly request: DeleteRangeRequest }
  | { readonly call: 'txn'; readonly request: TxnRequest }
  | { readonly call: 'compact'; readonly request: { readonly revision: bigint } }
  | { readonly call: 'leaseGrant'; readonly request: { readonly ID: bigint; readonly TTL: bigint } }
  | { readonly call: 'leaseRevoke'; readonly request: { readonly ID: bigint } }
  | { readonly call: 'leaseTimeToLive'; readonly request: LeaseTimeToLiveRequest };

const bytes = (...texts: string[]): fc.Arbitrary<Buffer> =>
  fc.constantFrom(...texts).map((text) => Buffer.from(text, 'latin1'));

/** Few, so that operations meet; one is another's prefix, and the ends of the order are there. */
const key = bytes('a', 'aa', 'ab', 'b', 'b\0', '\0', '\xff');
const rangeEnd = fc.oneof({ weight: 2, arbitrary: bytes('') }, bytes('\0', 'a', 'ab', 'b', 'c', '\xff\xff'));
const value = bytes('', 'v', 'w', 'long value');
const lease = fc.oneof({ weight: 3, arbitrary: fc.constant(0n) }, fc.constantFrom(71n, 72n, 73n));
const back = fc.oneof({ weight: 3, arbitrary: fc.constant(0n) }, fc.bigInt({ min: -1n, max: 12n }));
const rarely = fc.integer({ min: 0, max: 7 }).map((n) => n === 0);

const rangeRequest: fc.Arbitrary<RangeRequest> = fc
  .record({
    key: fc.oneof({ weight: 20, arbitrary: key }, bytes('')),
    rangeEnd,
    limit: fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 4n })),
    revision: back,
    sortOrder: fc.constantFrom<RangeRequest['sortOrder'][]>(0, 1, 2),
    sortTarget: fc.constantFrom<RangeRequest['sortTarget'][]>(0, 1, 2, 3, 4),
    serializable: fc.boolean(),
    keysOnly: rarely,
    countOnly: rarely,
    minModRevision: back,
    maxModRevision: back,
    minCreateRevision: back,
    maxCreateRevision: back,
  })
  .map((request) => message(RangeRequest, request));

const putRequest: fc.Arbitrary<PutRequest> = fc
  .record({
    key: fc.oneof({ weight: 20, arbitrary: key }, bytes('')),
    value,
    lease,
    prevKv: fc.boolean(),
    ignoreValue: rarely,
    ignoreLease: rarely,
  })
  .map((request) =>
    message(PutRequest, {
      ...request,
      ...(request.ignoreValue && request.key[0] === 97 && { value: Buffer.alloc(0) }),
    }),
  );

const deleteRangeRequest: fc.Arbitrary<DeleteRangeRequest> = fc
  .record({ key, rangeEnd, prevKv: fc.boolean() })
  .map((request) => message(DeleteRangeRequest, request));

const compare: fc.Arbitrary<Compare> = fc
  .record({
    key,
    rangeEnd: fc.oneof({ weight: 3, arbitrary: bytes('') }, rangeEnd),
    result: fc.constantFrom<Compare['result'][]>(0, 1, 2, 3),
    condition: fc.oneof(
      fc
        .bigInt({ min: 0n, max: 3n })
        .map((value) => ({ target: 0, targetUnion: { $case: 'version', value } }) as const),
      back.map((value) => ({ target: 1, targetUnion: { $case: 'createRevision', value } }) as const),
      back.map((value) => ({ target: 2, targetUnion: { $case: 'modRevision', value } }) as const),
      value.map((value) => ({ target: 3, targetUnion: { $case: 'value', value } }) as const),
      lease.map((value) => ({ target: 4, targetUnion: { $case: 'lease', value } }) as const),
      // A target without its value.
      fc.constantFrom(0, 1, 2, 3, 4).map((target) => ({ target, targetUnion: undefined }) as const),
    ),
  })
  .map(({ condition, ...rest }) => message(Compare, { ...rest, ...condition }));

const { txnRequest } = fc.letrec<{ txnRequest: TxnRequest; op: RequestOp }>((tie) => ({
  op: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'txn' },
    putRequest.map((value): RequestOp => ({ request: { $case: 'requestPut', value } })),
    rangeRequest.map((value): RequestOp => ({ request: { $case: 'requestRange', value } })),
    deleteRangeRequest.map((value): RequestOp => ({ request: { $case: 'requestDeleteRange', value } })),
    tie('txnRequest').map((value): RequestOp => ({ request: { $case: 'requestTxn', value } })),
  ),
  txnRequest: fc
    .record({
      compare: fc.array(compare, { maxLength: 2 }),
      success: fc.array(tie('op'), { maxLength: 3, depthIdentifier: 'txn' }),
      failure: fc.array(tie('op'), { maxLength: 3, depthIdentifier: 'txn' }),
    })
    .map((request) => message(TxnRequest, request)),
}));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: putRequest.map((request): Operation => ({ call: 'put', request })) },
  { weight: 3, arbitrary: rangeRequest.map((request): Operation => ({ call: 'range', request })) },
  { weight: 3, arbitrary: deleteRangeRequest.map((request): Operation => ({ call: 'deleteRange', request })) },
  { weight: 4, arbitrary: txnRequest.map((request): Operation => ({ call: 'txn', request })) },
  back.map((revision): Operation => ({ call: 'compact', request: { revision } })),
  lease.map((ID): Operation => ({ call: 'leaseGrant', request: { ID: ID === 0n ? 71n : ID, TTL: 600n } })),
  lease.map((ID): Operation => ({ call: 'leaseRevoke', request: { ID } })),
  lease.map(
    (ID): Operation => ({ call: 'leaseTimeToLive', request: message(LeaseTimeToLiveRequest, { ID, keys: true }) }),
  ),
);

export const operations = fc.array(operation, { minLength: 4, maxLength: 24 });

export const watchRequest: fc.Arbitrary<WatchCreateRequest> = fc
  .record({
    key: fc.oneof({ weight: 5, arbitrary: key }, bytes('')),
    rangeEnd,
    prevKv: fc.boolean(),
    filters: fc.subarray<WatchCreateRequest['filters'][number]>([0, 1], { maxLength: 1 }),
    fragment: fc.boolean(),
  })
  .map((request) => message(WatchCreateRequest, request));

/** The operation with its revisions counted from the newest one, which is known only when it runs. */
export function atRevision(operation: Operation, newest: bigint): Operation {
  return countBack(operation, newest);
}

const revisionFields = new Set([
  'revision',
  'minModRevision',
  'maxModRevision',
  'minCreateRevision',
  'maxCreateRevision',
]);

function countBack<T>(node: T, newest: bigint): T;
function countBack(node: unknown, newest: bigint): unknown {
  const count = (back: unknown): unknown => (typeof back === 'bigint' && back !== 0n ? newest + 1n - back : back);
  if (Array.isArray(node)) return node.map((item: unknown) => countBack(item, newest));
  if (typeof node !== 'object' || node === null || Buffer.isBuffer(node)) return node;
  if ('$case' in node && 'value' in node && ['createRevision', 'modRevision'].includes(String(node.$case)))
    return { ...node, value: count(node.value) };
  return Object.fromEntries(
    Object.entries(node).map(([name, field]: [string, unknown]) => [
      name,
      revisionFields.has(name) ? count(field) : countBack(field, newest),
    ]),
  );
}
