import { type DescMessage, fromJson, type JsonValue, type Registry, toBinary } from '@bufbuild/protobuf';
import { UsageError } from '../errors.ts';

/** @throws UsageError that says where it is wrong */
export function parseRequest(json: string): JsonValue {
  try {
    return JSON.parse(json) as JsonValue;
  } catch (cause) {
    throw new UsageError(`the request is not JSON: ${reason(cause)}`, { cause });
  }
}

/**
 * Encodes a request: https://protobuf.dev/programming-guides/json/
 *
 * @throws UsageError that says what does not fit the type
 */
export function encodeRequest(request: JsonValue, type: DescMessage, registry: Registry): Uint8Array {
  try {
    return toBinary(type, fromJson(type, request, { registry }));
  } catch (cause) {
    throw new UsageError(`the request does not fit: ${reason(cause)}; ${fieldsOf(type)}`, { cause });
  }
}

function fieldsOf({ typeName, fields }: DescMessage): string {
  if (fields.length === 0) return `${typeName} has no fields: give {}`;
  return `${typeName} has the fields ${fields.map(({ jsonName }) => jsonName).join(', ')}`;
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
