import { join } from 'node:path';
import {
  type Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import type { TestInstance } from '../harness/instance.ts';

const folder = join(process.cwd(), 'e2e', 'call');

/** Its .proto file, which imports another from the same folder. */
export const tallyProto = join(folder, 'tally.proto');

interface Addition {
  readonly summed_amounts: readonly { readonly cents: string; readonly currency: number }[];
  readonly at: unknown;
}

/** A gRPC service that nobody started but the test. Its reflection is the one that services in Node have. */
export async function startTally({ reflects }: { readonly reflects: boolean }): Promise<TestInstance> {
  const definitions = loadSync(tallyProto, { includeDirs: [folder], keepCase: true, longs: String, defaults: true });
  const server = new Server();
  server.addService(definitions['acme.tally.Tally'] as ServiceDefinition, {
    add({ request, metadata }: ServerUnaryCall<Addition, object>, answer: sendUnaryData<object>) {
      const cents = request.summed_amounts.reduce((sum, amount) => sum + Number(amount.cents), 0);
      const currency = request.summed_amounts[0]?.currency ?? 0;
      answer(null, { sum: { cents, currency }, at: request.at, metadata: asRecord(metadata) });
    },
    count(call: ServerWritableStream<{ readonly times: number }, object>) {
      for (let number = 1; number <= call.request.times; number += 1) call.write({ number });
      // Without end when left out: the first answers are told before the call is over.
      if (call.request.times === 0) call.write({ number: 1 });
      else call.end();
    },
    fail(
      { request }: ServerUnaryCall<{ readonly code: number; readonly details: string }, object>,
      answer: sendUnaryData<object>,
    ) {
      // Without a code, it never answers.
      if (request.code !== 0) answer(request);
    },
  });
  if (reflects) new ReflectionService(definitions).addToServer(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}

function asRecord(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata.getMap()).map(([key, value]) => [key, String(value)]));
}
