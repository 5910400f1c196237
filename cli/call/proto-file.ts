import { dirname, resolve } from 'node:path';
import { type AnyDefinition, load, type ProtobufTypeDefinition } from '@grpc/proto-loader';
import { OperationError } from '../errors.ts';
import { linkFiles } from './descriptors.ts';
import type { Schema } from './schema.ts';

/**
 * What a .proto file and its imports tell.
 *
 * @param includes folders in which imports are looked for, before the folder of the file
 * @throws OperationError with what is wrong with it, and where
 */
export async function readProtoFile(path: string, includes: readonly string[]): Promise<Schema> {
  try {
    const absolute = resolve(path);
    const includeDirs = [...includes.map((folder) => resolve(folder)), dirname(absolute)];
    const definitions = await load(absolute, { includeDirs, keepCase: true });
    const registry = linkFiles(new Set(Object.values(definitions).flatMap(filesOf)));
    const services = [...registry].flatMap((type) => (type.kind === 'service' ? type.typeName : []));
    return { services, describe: () => Promise.resolve(registry) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OperationError(
      `--proto ${path} cannot be used: ${reason}; imports are looked for in its folder and in those of --include`,
      { cause },
    );
  }
}

/** Each type comes with all files. */
function filesOf(definition: AnyDefinition): readonly Uint8Array[] {
  const { fileDescriptorProtos } = definition as Partial<ProtobufTypeDefinition>;
  return Array.isArray(fileDescriptorProtos) ? fileDescriptorProtos : [];
}
