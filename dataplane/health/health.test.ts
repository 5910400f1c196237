import { createServer as createHttp2Server } from 'node:http2';
import { expect, test, vi } from 'vitest';
import { parseTcpAddress } from '../../proto/channel/address.ts';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { listenForTest, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { sendHttp1, ways } from '../http/http.fixture.ts';

const healthCheck = { path: '/healthz', intervalMs: 10, timeoutMs: 1_000, pass: 2, fail: 2 };

/** An instance that tells who it is, and whose health the test sets. */
async function startPatient(name: string) {
  const patient = { isHealthy: true, checks: 0, address: '' };
  patient.address = await ways[0].start((request, response) => {
    if (request.url === healthCheck.path) {
      patient.checks += 1;
      response.writeHead(patient.isHealthy ? 200 : 503).end();
    } else {
      response.end(name);
    }
  });
  return patient;
}

test('an instance that fails its check gets no calls until it passes again', async () => {
  const [well, ill] = [await startPatient('well'), await startPatient('ill')];
  const source = testSource(service('go.micro.api.greeter', [well.address, ill.address], { healthCheck }));
  const { http, admin } = await startTestDataPlane(source);
  const answered = async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => sendHttp1(http, '/api/greeter/')));
    return new Set(answers.map(({ body }) => body));
  };
  const setAside = async () => /^micro_instances_set_aside (.*)$/m.exec((await sendHttp1(admin, '/metrics')).body)?.[1];
  await vi.waitFor(() => expect(ill.checks).toBeGreaterThan(2));
  expect(await answered()).toEqual(new Set(['well', 'ill']));
  expect(await setAside()).toBe('0');

  ill.isHealthy = false;
  await vi.waitFor(async () => expect(await setAside()).toBe('1'));
  expect(await answered()).toEqual(new Set(['well']));
  // The verdict outlives tables.
  source.serve(service('go.micro.api.greeter', [ill.address, well.address], { healthCheck }));
  expect(await answered()).toEqual(new Set(['well']));

  ill.isHealthy = true;
  await vi.waitFor(async () => expect(await setAside()).toBe('0'));
  expect(await answered()).toEqual(new Set(['well', 'ill']));
});

test('where all instances fail their checks, all get calls', async () => {
  const patients = [await startPatient('one'), await startPatient('another')];
  for (const patient of patients) patient.isHealthy = false;
  const addresses = patients.map(({ address }) => address);
  const { http, admin } = await startTestDataPlane(
    testSource(service('go.micro.api.greeter', addresses, { healthCheck })),
  );
  await vi.waitFor(async () => {
    expect((await sendHttp1(admin, '/metrics')).body).toContain('micro_instances_set_aside 2\n');
  });
  expect((await sendHttp1(http, '/api/greeter/')).status).toBe(200);
});

test('an instance that speaks h2c is checked by its protocol', async () => {
  const server = createHttp2Server();
  const address = await listenForTest(server);
  const { admin } = await startTestDataPlane(
    testSource(service('go.micro.service.greeter', [address], { healthCheck, protocol: Protocol.PROTOCOL_H2C })),
  );
  server.close();
  await vi.waitFor(async () => {
    expect((await sendHttp1(admin, '/metrics')).body).toContain('micro_instances_set_aside 1\n');
  });
});

test('a data plane that stops ends its checks', async () => {
  const patient = await startPatient('one');
  const dataPlane = await startTestDataPlane(
    testSource(service('go.micro.api.greeter', [patient.address], { healthCheck })),
  );
  await vi.waitFor(() => expect(patient.checks).toBeGreaterThan(0));
  await dataPlane.stop();
  const checks = patient.checks;
  // One that was on its way may still arrive, before what is sent now.
  for (let call = 0; call < 20; call += 1) await sendHttp1(parseTcpAddress(patient.address), '/');
  expect(patient.checks - checks).toBeLessThanOrEqual(1);
});
