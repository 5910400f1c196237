import { status } from '@grpc/grpc-js';
import { internalPrefix, isInternalSystem } from '../../../proto/internal-systems.ts';
import type { RequestOp, TxnRequest } from '../../etcd/gen/rpc.ts';
import { registryPrefix } from '../keys.ts';

/** A call that does not go through the door, with the gRPC status that the client gets. */
export class Denied extends Error {
  override readonly name = 'Denied';
  readonly code = status.PERMISSION_DENIED;
  readonly details: string;

  constructor(what: string) {
    const message =
      `etcdserver: permission denied: micro's registry door lets services register themselves under ${registryPrefix}; ` +
      `${what} is not for it`;
    super(message);
    this.details = message;
  }
}

/** Keys as etcd's requests name them: https://etcd.io/docs/v3.6/learning/api/#key-ranges */
interface Keys {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
}

const registry = Buffer.from(registryPrefix);
const registryEnd = endOfPrefix(registryPrefix);
const reservedStart = Buffer.from(registryPrefix + internalPrefix);
const reservedEnd = endOfPrefix(registryPrefix + internalPrefix);
const oneKey = Buffer.alloc(0);
const toLastKey = Buffer.of(0);

/** @throws Denied when one of the keys is not the registry's */
export function checkRead({ key, rangeEnd }: Keys): void {
  if (!isInRegistry(key)) throw new Denied(`the key ${show(key)}`);
  if (rangeEnd.equals(oneKey)) return;
  if (rangeEnd.equals(toLastKey) || Buffer.compare(rangeEnd, registryEnd) > 0)
    throw new Denied(`the range from ${show(key)} to ${rangeEnd.equals(toLastKey) ? 'the last key' : show(rangeEnd)}`);
}

/** @throws Denied also when one of the keys is an internal system's */
export function checkWrite(keys: Keys): void {
  checkRead(keys);
  const { key, rangeEnd } = keys;
  const touchesReserved = rangeEnd.equals(oneKey)
    ? isReserved(key)
    : Buffer.compare(key, reservedEnd) < 0 && Buffer.compare(rangeEnd, reservedStart) > 0;
  if (touchesReserved)
    throw new Denied(`writing names that start with "${internalPrefix}", which are internal systems,`);
}

/** @throws Denied when any condition or operation, however deep, is not for the door */
export function checkTxn({ compare, success, failure }: TxnRequest): void {
  for (const condition of compare) checkRead(condition);
  for (const op of [...success, ...failure]) checkOp(op);
}

/** Whether the door lets its clients end or extend the life of these keys. */
export function mayWriteAll(keys: readonly Buffer[]): boolean {
  return keys.every((key) => isInRegistry(key) && !isReserved(key));
}

function checkOp({ request }: RequestOp): void {
  switch (request?.$case) {
    case 'requestRange':
      return checkRead(request.value);
    case 'requestPut':
      return checkWrite({ key: request.value.key, rangeEnd: oneKey });
    case 'requestDeleteRange':
      return checkWrite(request.value);
    case 'requestTxn':
      return checkTxn(request.value);
    default:
      // A kind of operation that this version does not know.
      throw new Denied('an operation of an unknown kind');
  }
}

function isInRegistry(key: Buffer): boolean {
  return key.subarray(0, registry.length).equals(registry);
}

/** The service's name is the last part but one; a domain may be before it. */
function isReserved(key: Buffer): boolean {
  const parts = key.subarray(registry.length).toString('latin1').split('/');
  return parts.slice(0, 2).some((part) => isInternalSystem(part));
}

function endOfPrefix(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end.writeUInt8((end.at(-1) ?? 0) + 1, end.length - 1);
  return end;
}

/** As much of a key as an error needs. */
function show(key: Buffer): string {
  return key.length === 0 ? '""' : JSON.stringify(key.subarray(0, 80).toString());
}
