import { expect, test } from 'vitest';
import { service, startInstance, startTestDataPlane, testSource } from '../data-plane.fixture.ts';

test('a request reaches its service without its prefix', async () => {
  const instance = await startInstance((request, response) =>
    response.end(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`),
  );
  const { http } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [instance])));
  const answer = await fetch(`http://127.0.0.1:${http.port}/api/greeter/hello?x=1`);
  expect(await answer.text()).toContain('GET /hello?x=1');
});
