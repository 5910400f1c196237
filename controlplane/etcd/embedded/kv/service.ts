import { DeleteRangeRequest, type KVServer, PutRequest, type RangeResponse, TxnRequest } from '../../gen/rpc.ts';
import { checkSize, headerOf, type ServiceOptions, unary } from '../rpc.ts';
import { applyDeleteRange, applyPut, applyTxn } from './apply.ts';
import { checkPut, checkRange, checkTxn } from './check.ts';
import { answerRange } from './range.ts';

/** etcd's KV service: https://etcd.io/docs/v3.6/learning/api/#key-value-api */
export function kvService({ store, log }: ServiceOptions): KVServer {
  return {
    // The view has every write that was acknowledged, so that a serializable read is a linearizable one.
    range: unary(log, (request): RangeResponse => {
      checkRange(request);
      return { header: headerOf(store), ...answerRange(store.view(request.revision), request) };
    }),
    put: unary(log, async (request) => {
      checkPut(request);
      checkSize(PutRequest.encode(request).finish());
      return completed(await store.commit((draft) => applyPut(draft, request)));
    }),
    deleteRange: unary(log, async (request) => {
      checkRange(request);
      checkSize(DeleteRangeRequest.encode(request).finish());
      return completed(await store.commit((draft) => applyDeleteRange(draft, request)));
    }),
    txn: unary(log, async (request) => {
      checkTxn(request);
      checkSize(TxnRequest.encode(request).finish());
      return completed(await store.commit((draft) => applyTxn(draft, request)));
    }),
    compact: unary(log, async ({ revision, physical }) => {
      const { swept } = await store.compact(revision);
      if (physical) await swept;
      return { header: headerOf(store) };
    }),
  };

  function completed<T extends { header: { revision: bigint } | undefined }>(response: T): T {
    return { ...response, header: headerOf(store, response.header?.revision) };
  }
}
