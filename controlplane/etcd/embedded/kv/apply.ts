import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  ResponseHeader,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from '../../gen/rpc.ts';
import { refusal } from '../errors.ts';
import type { Draft } from '../store/draft.ts';
import { readCompaction } from '../store/compaction.ts';
import { toKeyRange } from '../store/key-range.ts';
import { hasLease } from '../store/lease-table.ts';
import { View } from '../store/view.ts';
import { holds } from './compare.ts';
import { answerRange } from './range.ts';

/**
 * Requests as they are applied to the store, with etcd's answers. Headers carry the revision alone, as they do in etcd
 * inside of a transaction. Everything is checked before anything is written.
 * https://github.com/etcd-io/etcd, `server/etcdserver/txn/txn.go`
 */
export function applyPut(draft: Draft, request: PutRequest): PutResponse {
  checkLease(draft, request);
  checkExisting(draft, request);
  return put(draft, request);
}

export function applyDeleteRange(draft: Draft, { key, rangeEnd, prevKv }: DeleteRangeRequest): DeleteRangeResponse {
  const range = toKeyRange(key, rangeEnd);
  const prevKvs = prevKv ? [...draft.view.scan(range)] : [];
  const deleted = BigInt(draft.deleteRange(range));
  return { header: header(draft.revision), deleted, prevKvs };
}

export function applyTxn(draft: Draft, request: TxnRequest): TxnResponse {
  const plan = decide(draft, request);
  checkPlan(draft, plan);
  const response = run(draft, plan);
  return { ...response, header: header(draft.revision) };
}

/** A transaction with its conditions decided, all of them by what was before it. */
interface Plan {
  readonly succeeded: boolean;
  readonly steps: readonly (Exclude<RequestOp['request'], { $case: 'requestTxn' } | undefined> | Plan)[];
}

function decide(draft: Draft, { compare, success, failure }: TxnRequest): Plan {
  const { view } = draft;
  const succeeded = compare.every((condition) => holds(view, condition));
  const steps = (succeeded ? success : failure).flatMap(({ request }) => {
    if (request === undefined) return [];
    return [request.$case === 'requestTxn' ? decide(draft, request.value) : request];
  });
  return { succeeded, steps };
}

function checkPlan(draft: Draft, { steps }: Plan): void {
  for (const step of steps) {
    if ('steps' in step) checkPlan(draft, step);
    else if (step.$case === 'requestRange') checkRevision(draft, step.value);
    else if (step.$case === 'requestPut') {
      checkExisting(draft, step.value);
      checkLease(draft, step.value);
    }
  }
}

function checkExisting(draft: Draft, { key, ignoreValue, ignoreLease }: PutRequest): void {
  if ((ignoreValue || ignoreLease) && draft.view.get(key) === undefined) throw refusal('keyNotFound');
}

function checkLease({ tables }: Draft, { lease }: PutRequest): void {
  if (lease !== 0n && !hasLease(tables, lease)) throw refusal('leaseNotFound');
}

function checkRevision({ tables, base }: Draft, { revision }: RangeRequest): void {
  if (revision > base) throw refusal('futureRevision');
  if (revision !== 0n && revision < readCompaction(tables).revision) throw refusal('compacted');
}

function run(draft: Draft, { succeeded, steps }: Plan): TxnResponse {
  const responses = steps.map((step) => ({ response: runStep(draft, step) }));
  // Of a nested transaction etcd tells no revision.
  return { header: header(0n), succeeded, responses };
}

function runStep(draft: Draft, step: Plan['steps'][number]): ResponseOp['response'] {
  if ('steps' in step) return { $case: 'responseTxn', value: run(draft, step) };
  if (step.$case === 'requestPut') return { $case: 'responsePut', value: put(draft, step.value) };
  if (step.$case === 'requestRange') return { $case: 'responseRange', value: range(draft, step.value) };
  return { $case: 'responseDeleteRange', value: applyDeleteRange(draft, step.value) };
}

function put(draft: Draft, { key, value, lease, prevKv, ignoreValue, ignoreLease }: PutRequest): PutResponse {
  const existing = prevKv || ignoreValue || ignoreLease ? draft.view.get(key) : undefined;
  draft.put(key, ignoreValue && existing ? existing.value : value, ignoreLease && existing ? existing.lease : lease);
  return { header: header(draft.revision), prevKv: prevKv ? existing : undefined };
}

function range(draft: Draft, request: RangeRequest): RangeResponse {
  const view = request.revision > 0n ? new View(draft.tables, request.revision) : draft.view;
  return { header: header(draft.revision), ...answerRange(view, request) };
}

function header(revision: bigint): ResponseHeader {
  return { clusterId: 0n, memberId: 0n, raftTerm: 0n, revision };
}
