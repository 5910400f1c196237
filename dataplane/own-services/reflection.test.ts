import { once } from 'node:events';
import type { ServiceError } from '@grpc/grpc-js';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../proto/channel/client.ts';
import {
  ServerReflectionClient,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import { ServerReflectionClient as ServerReflectionV1AlphaClient } from '../../proto/gen/grpc/reflection/v1alpha/reflection.ts';
import { startTestDataPlane, testSource } from '../data-plane.fixture.ts';

type Asked = ServerReflectionRequest['messageRequest'];

/** Asks on one stream of a data plane without a route table, and returns the answers. */
async function ask(
  Client: typeof ServerReflectionClient | typeof ServerReflectionV1AlphaClient,
  ...asked: Asked[]
): Promise<ServerReflectionResponse['messageResponse'][]> {
  const { grpc } = await startTestDataPlane(testSource());
  const client = connect(Client, grpc);
  onTestFinished(() => client.close());
  const stream = client.serverReflectionInfo();
  for (const messageRequest of asked) stream.write({ host: '', messageRequest });
  stream.end();
  const answers: ServerReflectionResponse[] = [];
  for await (const answer of stream) answers.push(answer as ServerReflectionResponse);
  return answers.map(({ messageResponse }) => messageResponse);
}

function filesIn(answer: ServerReflectionResponse['messageResponse'] | undefined): readonly string[] {
  if (answer?.$case !== 'fileDescriptorResponse') throw new Error(`no files, but ${answer?.$case}`);
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

test.each([
  ['v1', ServerReflectionClient],
  ['v1alpha', ServerReflectionV1AlphaClient],
])('%s lists what micro server answers itself', async (_version, Client) => {
  const [answer] = await ask(Client, { $case: 'listServices', value: '' });
  expect(answer).toEqual({
    $case: 'listServicesResponse',
    value: {
      service: [
        { name: 'grpc.health.v1.Health' },
        { name: 'grpc.reflection.v1.ServerReflection' },
        { name: 'grpc.reflection.v1alpha.ServerReflection' },
        { name: 'micro.cluster.v1.Backup' },
        { name: 'micro.cluster.v1.Cluster' },
        { name: 'micro.registry.v1.Registry' },
        { name: 'micro.routes.v1.Routes' },
        { name: 'micro.runtime.v1.Runtime' },
      ],
    },
  });
});

test('files are found by their name and by what is in them', async () => {
  const symbols = [
    'grpc.health.v1.Health',
    'grpc.health.v1.Health.Watch',
    'grpc.health.v1.HealthCheckRequest',
    'grpc.health.v1.HealthCheckRequest.service',
    'grpc.health.v1.HealthCheckResponse.ServingStatus',
  ];
  const answers = await ask(
    ServerReflectionClient,
    { $case: 'fileByFilename', value: 'grpc/health/v1/health.proto' },
    ...symbols.map((value) => ({ $case: 'fileContainingSymbol', value }) as const),
  );
  expect(answers.map(filesIn)).toEqual(answers.map(() => ['grpc/health/v1/health.proto']));
});

test('what there is not is NOT_FOUND, and the stream goes on', async () => {
  const containingType = 'grpc.health.v1.HealthCheckRequest';
  const answers = await ask(
    ServerReflectionClient,
    { $case: 'fileByFilename', value: 'nobody.proto' },
    { $case: 'fileContainingSymbol', value: 'go.micro.service.greeter.Say' },
    { $case: 'fileContainingSymbol', value: 'grpc.health.v1.Health.Nothing' },
    { $case: 'fileContainingSymbol', value: '' },
    { $case: 'fileContainingExtension', value: { containingType, extensionNumber: 1 } },
    { $case: 'allExtensionNumbersOfType', value: 'nobody.Nothing' },
    undefined,
    { $case: 'allExtensionNumbersOfType', value: containingType },
  );
  const codes = answers.map((answer) => (answer?.$case === 'errorResponse' ? answer.value.errorCode : answer?.$case));
  expect(codes).toEqual([5, 5, 5, 5, 5, 5, 3, 'allExtensionNumbersResponse']);
});

test('a client that leaves in the middle takes its stream along', async () => {
  const { grpc } = await startTestDataPlane(testSource());
  const client = connect(ServerReflectionClient, grpc);
  onTestFinished(() => client.close());
  const stream = client.serverReflectionInfo();
  stream.write({ host: '', messageRequest: { $case: 'listServices', value: '' } });
  await once(stream, 'data');
  const failed = once(stream, 'error') as Promise<[ServiceError]>;
  stream.cancel();
  await failed.catch(() => {});
  const again = client.serverReflectionInfo();
  again.end({ host: '', messageRequest: { $case: 'listServices', value: '' } });
  expect(await again.toArray()).toHaveLength(1);
});
