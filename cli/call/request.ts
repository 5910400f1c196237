import { type DescMessage, fromJson, type JsonValue, type Registry, toBinary } from '@bufbuild/protobuf';
import { UsageError } from '../errors.ts';

/**
 * Encodes a request that is written in JSON: https://protobuf.dev/programming-guides/json/
 *
 * @throws UsageError that says where it is wrong
 */
export function encodeRequest(json: string, type: DescMessage, registry: Registry): Uint8Array {
  let value: JsonValue;
  try {
    value = JSON.parse(json) as JsonValue;
  } catch (cause) {
    throw new UsageError(`the request is not JSON: ${reason(cause)}`, { cause });
  }
  try {
    return toBinary(type, fromJson(type, value, { registry }));
  } catch (cause) {
    throw new UsageError(`the request does not fit: ${reason(cause)}; ${fieldsOf(type)}`, { cause });
  }
}

function fieldsOf({ typeName, fields }: DescMessage): string {
  if (fields.length === 0) return `${typeName} has no fields: give {}`;
  return `${typeName} has the fields ${fields.map(({ jsonName }) => jsonName).join(', ')}`;
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
