import { type ClientDuplexStream, type Metadata, status } from '@grpc/grpc-js';
import { type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import {
  ServerReflectionClient,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import { ServerReflectionClient as ServerReflectionV1AlphaClient } from '../../proto/gen/grpc/reflection/v1alpha/reflection.ts';
import type { Server } from '../client-command.ts';
import { isServiceError, OperationError } from '../errors.ts';
import { linkFiles } from './descriptors.ts';
import type { Schema } from './schema.ts';

/** Of the files that describe one gRPC service. */
const maxFiles = 1_000;

const deadlineMs = 5_000;

/**
 * What a service tells of itself by gRPC reflection, v1 or else v1alpha.
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 *
 * @param metadata says which service is asked
 * @returns undefined where reflection is not offered
 */
export async function reflect(server: Server, metadata: Metadata): Promise<Schema | undefined> {
  for (const Client of [ServerReflectionClient, ServerReflectionV1AlphaClient]) {
    const client = server.client(Client);
    const asking = async <Told>(ask: (questions: Questions) => Promise<Told>): Promise<Told> => {
      const questions = new Questions(client.serverReflectionInfo(metadata, { deadline: Date.now() + deadlineMs }));
      try {
        return await ask(questions);
      } finally {
        questions.end();
      }
    };
    try {
      const services = await asking((questions) => questions.services());
      return { services, describe: (service) => asking((questions) => questions.describe(service)) };
    } catch (error) {
      if (!isServiceError(error) || error.code !== status.UNIMPLEMENTED) throw error;
    }
  }
  return undefined;
}

type Stream = ClientDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;
type Question = ServerReflectionRequest['messageRequest'];
type Answer = ServerReflectionResponse['messageResponse'];

/** Asked one after the other on one stream. */
class Questions {
  readonly #stream: Stream;
  readonly #answers: AsyncIterator<ServerReflectionResponse>;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#answers = stream[Symbol.asyncIterator]() as AsyncIterator<ServerReflectionResponse>;
    // Told to who waits for an answer; the end below is one too, for which nobody waits.
    stream.on('error', () => {});
  }

  end(): void {
    this.#stream.cancel();
  }

  /** Full names. */
  async services(): Promise<readonly string[]> {
    const answer = await this.#ask({ $case: 'listServices', value: '' });
    return answer?.$case === 'listServicesResponse' ? answer.value.service.map(({ name }) => name) : [];
  }

  /** The files that make up one service. */
  async describe(service: string): Promise<FileRegistry> {
    const files = new Map<string, Uint8Array>();
    const imports = new Set<string>();
    const add = (answer: Answer): void => {
      // An import that is not told may be one that nothing uses.
      if (answer?.$case !== 'fileDescriptorResponse') return;
      for (const bytes of answer.value.fileDescriptorProto) {
        const { name, dependency } = fromBinary(FileDescriptorProtoSchema, bytes);
        files.set(name, bytes);
        for (const imported of dependency) imports.add(imported);
      }
    };
    add(await this.#ask({ $case: 'fileContainingSymbol', value: service }));
    // Some send a file with all that it imports, some each file for itself. What is added here is come to as well.
    for (const name of imports) {
      if (!files.has(name)) add(await this.#ask({ $case: 'fileByFilename', value: name }));
      if (imports.size > maxFiles) throw new OperationError(`${service} is described by more than ${maxFiles} files`);
    }
    const registry = linkFiles(files.values());
    if (registry.getService(service)) return registry;
    throw new OperationError(
      `${service} is listed by reflection, but not described: give its .proto file with --proto`,
    );
  }

  async #ask(messageRequest: Question): Promise<Answer> {
    this.#stream.write({ host: '', messageRequest });
    const { value, done } = await this.#answers.next();
    if (done !== true) return value.messageResponse;
    throw new OperationError('the service ended reflection without an answer: give its .proto file with --proto');
  }
}
