import { createFileRegistry, type DescFile, type FileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptors } from '../../proto/gen/descriptors.ts';

let shared: Described | undefined;

/** The services that micro server answers itself: health, reflection and the internal systems. */
export function describedServices(): Described {
  return (shared ??= new Described(
    createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, 'base64'))),
  ));
}

/** What services are made of, to be looked up by name. Files are FileDescriptorProto messages, with all they import. */
export class Described {
  readonly #registry: FileRegistry;

  constructor(registry: FileRegistry) {
    this.#registry = registry;
  }

  /** Full names, sorted. */
  get services(): readonly string[] {
    return [...this.#registry].flatMap((type) => (type.kind === 'service' ? type.typeName : [])).toSorted();
  }

  hasMessage(name: string): boolean {
    return this.#registry.getMessage(name) !== undefined;
  }

  /** @param name "grpc/health/v1/health.proto" */
  fileNamed(name: string): readonly Buffer[] | undefined {
    const file = this.#registry.getFile(name);
    return file && encode(file);
  }

  /** @param symbol the full name of a service, method, message, field or enum */
  fileWith(symbol: string): readonly Buffer[] | undefined {
    const type = this.#registry.get(symbol) ?? this.#ownerOf(symbol);
    return type && encode(type.file);
  }

  #ownerOf(symbol: string): { readonly file: DescFile } | undefined {
    const dot = symbol.lastIndexOf('.');
    const name = symbol.slice(dot + 1);
    const type = this.#registry.get(symbol.slice(0, Math.max(dot, 0)));
    if (type?.kind === 'service') return type.methods.find((method) => method.name === name) && type;
    if (type?.kind === 'message') return type.members.find((member) => member.name === name) && type;
    return undefined;
  }
}

function encode(file: DescFile): readonly Buffer[] {
  const files = new Set<DescFile>();
  const add = (added: DescFile): void => {
    if (files.has(added)) return;
    files.add(added);
    for (const dependency of added.dependencies) add(dependency);
  };
  add(file);
  return Array.from(files, ({ proto }) => Buffer.from(toBinary(FileDescriptorProtoSchema, proto)));
}
