import { create, createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

/**
 * Makes a registry of files in any order.
 *
 * What protobufjs makes of a .proto file, which is also what services in Node tell by reflection, names no imports and no
 * JSON names, and shortens type names. That is completed here. Where a type inside a message has the name of one outside,
 * a shortened name is taken for the one inside.
 *
 * @param encoded FileDescriptorProto messages
 * @throws Error that names what cannot be resolved
 */
export function linkFiles(encoded: Iterable<Uint8Array>): FileRegistry {
  const files = Array.from(encoded, (bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  const homes = new Map<string, FileDescriptorProto>();
  for (const file of files) for (const name of typesIn(file)) homes.set(name, file);
  for (const file of files) complete(file, homes);
  return createFileRegistry(create(FileDescriptorSetSchema, { file: importedFirst(files) }));
}

/** Full names of the messages and enums of a file. */
function* typesIn(file: FileDescriptorProto): Generator<string> {
  for (const { name } of file.enumType) yield joined(file.package, name);
  for (const message of file.messageType) yield* typesOf(message, file.package);
}

function* typesOf(message: DescriptorProto, scope: string): Generator<string> {
  const name = joined(scope, message.name);
  yield name;
  for (const inner of message.enumType) yield joined(name, inner.name);
  // Nothing but its own map field refers to an entry, which may have the name of a type.
  for (const inner of message.nestedType) if (!isMapEntry(inner)) yield* typesOf(inner, name);
}

/** Writes every type name in full, and the imports and JSON names that follow. */
function complete(file: FileDescriptorProto, homes: ReadonlyMap<string, FileDescriptorProto>): void {
  const imports = new Set<string>();
  const resolve = (name: string, scope: string): string => {
    const full = fullName(name, scope, homes);
    const home = homes.get(full);
    if (!home) throw new Error(`${scope || file.name} refers to ${full}, which none of its files has`);
    if (home !== file) imports.add(home.name);
    return `.${full}`;
  };
  const completeMessage = (message: DescriptorProto, outer: string): void => {
    const scope = joined(outer, message.name);
    // Options of descriptors, mostly. Their types are seldom told, and no message here has a use for them.
    message.extension = [];
    for (const field of message.field) {
      field.jsonName ||= jsonName(field.name);
      const entry = entryOf(field, message, scope);
      if (entry) field.typeName = `.${scope}.${entry.name}`;
      else if (field.typeName !== '') field.typeName = resolve(field.typeName, scope);
    }
    for (const inner of message.nestedType) completeMessage(inner, scope);
  };
  file.extension = [];
  for (const message of file.messageType) completeMessage(message, file.package);
  for (const service of file.service) {
    for (const method of service.method) {
      method.inputType = resolve(method.inputType, file.package);
      method.outputType = resolve(method.outputType, file.package);
    }
  }
  file.dependency = [...imports];
}

const isMapEntry = ({ options }: DescriptorProto): boolean => options?.mapEntry === true;

/** What a map field consists of. By a shortened name it is only that of its own field: "by_name" has "By_name". */
function entryOf(
  { name, typeName }: FieldDescriptorProto,
  { nestedType }: DescriptorProto,
  scope: string,
): DescriptorProto | undefined {
  const own = name.slice(0, 1).toUpperCase() + name.slice(1);
  const isNamed = (entry: string): boolean => typeName === `.${scope}.${entry}` || (typeName === own && entry === own);
  return nestedType.find((inner) => isMapEntry(inner) && isNamed(inner.name));
}

/** A name is looked for from the inside out: https://protobuf.dev/programming-guides/proto3/#name-resolution */
function fullName(name: string, scope: string, known: ReadonlyMap<string, unknown>): string {
  if (name.startsWith('.')) return name.slice(1);
  for (let outer = scope; outer !== ''; outer = outer.slice(0, Math.max(outer.lastIndexOf('.'), 0))) {
    if (known.has(`${outer}.${name}`)) return `${outer}.${name}`;
  }
  return name;
}

function importedFirst(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const sorted = new Set<FileDescriptorProto>();
  const seen = new Set<FileDescriptorProto>();
  const add = (file: FileDescriptorProto): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const name of file.dependency) add(byName.get(name) as FileDescriptorProto);
    sorted.add(file);
  };
  for (const file of files) add(file);
  return [...sorted];
}

const joined = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`);

/** In lowerCamelCase: https://protobuf.dev/programming-guides/json/ */
const jsonName = (name: string): string => name.replace(/_+([a-z\d]?)/gi, (_, next: string) => next.toUpperCase());
