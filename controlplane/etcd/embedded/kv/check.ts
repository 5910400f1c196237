import { refusal } from '../errors.ts';
import type { DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest } from '../../gen/rpc.ts';
import { contains, type KeyRange, maxKeyBytes } from '../store/key-range.ts';

/** etcd's `--max-txn-ops`. */
const maxTxnOps = 128;

/** What etcd refuses before it looks at the store: https://github.com/etcd-io/etcd, `server/etcdserver/api/v3rpc/key.go`. */
export function checkRange({ key }: RangeRequest | DeleteRangeRequest): void {
  if (key.length === 0) throw refusal('emptyKey');
}

export function checkPut({ key, value, lease, ignoreValue, ignoreLease }: PutRequest): void {
  if (key.length === 0) throw refusal('emptyKey');
  if (ignoreValue && value.length > 0) throw refusal('valueProvided');
  if (ignoreLease && lease !== 0n) throw refusal('leaseProvided');
  if (key.length > maxKeyBytes) throw refusal('keyTooLong');
}

export function checkTxn(request: TxnRequest): void {
  checkOps(request, maxTxnOps);
  checkOverlap(request.success);
  checkOverlap(request.failure);
}

function checkOps({ compare, success, failure }: TxnRequest, maxOps: number): void {
  const count = Math.max(compare.length, success.length, failure.length);
  if (count > maxOps) throw refusal('tooManyOps');
  if (compare.some(({ key }) => key.length === 0)) throw refusal('emptyKey');
  for (const op of [...success, ...failure]) checkOp(op, maxOps - count);
}

function checkOp({ request }: RequestOp, maxOps: number): void {
  switch (request?.$case) {
    case 'requestRange':
    case 'requestDeleteRange':
      return checkRange(request.value);
    case 'requestPut':
      return checkPut(request.value);
    case 'requestTxn':
      return checkOps(request.value, maxOps);
    default:
      throw refusal('keyNotFound');
  }
}

interface Touched {
  readonly puts: ReadonlySet<string>;
  readonly deletes: readonly KeyRange[];
}

/**
 * Refuses a put of a key that another operation puts or deletes too, unless only one of the two can happen. Returns
 * what the operations touch.
 */
function checkOverlap(ops: readonly RequestOp[]): Touched {
  const puts = new Set<string>();
  const deletes: KeyRange[] = [];
  const add = (key: string, alternatives?: ReadonlySet<string>): void => {
    if (puts.has(key) && !alternatives?.has(key)) throw refusal('duplicateKey');
    if (deletes.some((range) => contains(range, Buffer.from(key, 'latin1')))) throw refusal('duplicateKey');
    puts.add(key);
  };
  for (const { request } of ops) {
    if (request?.$case === 'requestDeleteRange') deletes.push(deletedRange(request.value));
  }
  for (const { request } of ops) {
    if (request?.$case !== 'requestTxn') continue;
    const success = checkOverlap(request.value.success);
    const failure = checkOverlap(request.value.failure);
    for (const key of success.puts) add(key);
    for (const key of failure.puts) add(key, success.puts);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const { request } of ops) {
    if (request?.$case === 'requestPut') add(request.value.key.toString('latin1'));
  }
  return { puts, deletes };
}

/** As etcd compares here: the end "\0" is taken as a key, and so excludes everything. */
function deletedRange({ key, rangeEnd }: DeleteRangeRequest): KeyRange {
  return { start: key, end: rangeEnd.length === 0 ? Buffer.concat([key, Buffer.of(0)]) : rangeEnd };
}
