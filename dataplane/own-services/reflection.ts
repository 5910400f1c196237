import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import type { Described } from './described.ts';

type Answer = ServerReflectionResponse['messageResponse'];

/**
 * gRPC's reflection service over what micro server answers itself; both versions have the same messages.
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export async function serveReflection(
  call: ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>,
): Promise<void> {
  // Loaded with the first call: hardly any data plane is ever asked.
  const { describedServices } = await import('./described.ts');
  const described = describedServices();
  call.on('data', (request: ServerReflectionRequest) => {
    const messageResponse = answerTo(request, described);
    // A client that does not read its answers is asked for no more.
    if (!call.write({ validHost: request.host, originalRequest: request, messageResponse })) call.pause();
  });
  call.on('drain', () => call.resume());
  call.on('end', () => call.end());
}

function answerTo({ messageRequest: asked }: ServerReflectionRequest, described: Described): Answer {
  switch (asked?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: described.services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return files(described.fileNamed(asked.value), `no file is named ${asked.value}`);
    case 'fileContainingSymbol':
      return files(described.fileWith(asked.value), `nothing is named ${asked.value}`);
    case 'allExtensionNumbersOfType':
      // None of these services uses extensions.
      return described.hasMessage(asked.value)
        ? { $case: 'allExtensionNumbersResponse', value: { baseTypeName: asked.value, extensionNumber: [] } }
        : failed(status.NOT_FOUND, `no message is named ${asked.value}`);
    case 'fileContainingExtension':
      return failed(status.NOT_FOUND, `${asked.value.containingType} has no extensions`);
    default:
      return failed(status.INVALID_ARGUMENT, 'the request asks for nothing that is known here');
  }
}

function files(fileDescriptorProto: readonly Buffer[] | undefined, missing: string): Answer {
  if (fileDescriptorProto === undefined) return failed(status.NOT_FOUND, missing);
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function failed(errorCode: status, errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}
