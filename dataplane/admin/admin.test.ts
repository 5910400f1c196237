import { expect, test, vi } from 'vitest';
import { Protocol } from '../../proto/gen/micro/routes/v1/routes.ts';
import { service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { grpcClient, hello, startGrpcInstance } from '../grpc/grpc.fixture.ts';
import { echo, sendHttp1, ways } from '../http/http.fixture.ts';

test('the data plane is healthy at once, and ready with its first table', async () => {
  const source = testSource();
  const { admin } = await startTestDataPlane(source);
  expect((await sendHttp1(admin, '/healthz')).status).toBe(200);
  const before = await sendHttp1(admin, '/readyz');
  expect(before.status).toBe(503);
  expect(JSON.parse(before.body)).toMatchObject({ status: 'waiting for a route table', revision: '0', source: null });
  source.serve();
  const after = await sendHttp1(admin, '/readyz');
  expect(after.status).toBe(200);
  expect(JSON.parse(after.body)).toEqual({
    status: 'ready',
    revision: '1',
    source: 'stream',
    connection: { status: 'disconnected', reason: 'not connected yet' },
  });
});

test('metrics count requests by bounded labels', async () => {
  const source = testSource(service('go.micro.api.greeter', [await ways[0].start(echo)]));
  const { http, admin } = await startTestDataPlane(source);
  await sendHttp1(http, '/api/greeter/');
  await sendHttp1(http, '/api/nobody-42/', { method: 'PROPFIND' });
  await vi.waitFor(async () => {
    const { body, headers } = await sendHttp1(admin, '/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain/);
    const samples = [
      'micro_entrypoint_requests_total{entrypoint="http",code="200",protocol="HTTP/1.1",method="GET",lane="fast"} 1',
      'micro_entrypoint_requests_total{entrypoint="http",code="404",protocol="HTTP/1.1",method="OTHER",lane="full"} 1',
      'micro_entrypoint_request_duration_seconds_count{entrypoint="http",code="200",protocol="HTTP/1.1",method="GET",lane="fast"} 1',
      'micro_service_requests_total{service="go.micro.api.greeter",code="200"} 1',
      'micro_service_request_duration_seconds_count{service="go.micro.api.greeter"} 1',
      'micro_upstream_connections{protocol="HTTP/1.1"} 1',
      'micro_retries_total{entrypoint="http"} 0',
      'micro_routes_applied_total{result="applied"} 1',
      'micro_routes_revision 1',
      'micro_open_connections{entrypoint="admin"} 1',
    ];
    for (const sample of samples) expect(body).toContain(sample);
    expect(body).not.toContain('nobody-42');
  });
});

test('metrics count gRPC calls by the name of their status', async () => {
  const instance = await startGrpcInstance({ hello: (_, callback) => callback(null, Buffer.from('hi')) });
  const routes = testSource(service('go.micro.service.greeter', [instance], { protocol: Protocol.PROTOCOL_H2C }));
  const { grpc, admin } = await startTestDataPlane(routes);
  await hello(grpcClient(grpc), '');
  await vi.waitFor(async () => {
    const { body } = await sendHttp1(admin, '/metrics');
    const samples = [
      'micro_entrypoint_requests_total{entrypoint="grpc",grpc_code="OK",protocol="gRPC",method="POST",lane="grpc"} 1',
      'micro_entrypoint_response_bytes_total{entrypoint="grpc",grpc_code="OK",protocol="gRPC",method="POST",lane="grpc"} 7',
      'micro_service_requests_total{service="go.micro.service.greeter",grpc_code="OK"} 1',
      'micro_upstream_connections{protocol="HTTP/2"} 1',
    ];
    for (const sample of samples) expect(body).toContain(sample);
  });
});

test('metrics tell what the process uses', async () => {
  const { admin } = await startTestDataPlane(testSource());
  const { body } = await sendHttp1(admin, '/metrics');
  for (const name of [
    'process_cpu_seconds_total',
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
    'nodejs_external_memory_bytes',
    'nodejs_eventloop_active_seconds_total',
  ])
    expect(body).toMatch(new RegExp(`^${name} [\\d.]+$`, 'm'));
});

test('other pages are 404, other methods 405', async () => {
  const { admin } = await startTestDataPlane(testSource());
  const nothing = await sendHttp1(admin, '/debug');
  expect(nothing.status).toBe(404);
  expect(JSON.parse(nothing.body)).toMatchObject({ detail: 'the pages are /healthz, /readyz, /metrics' });
  const post = await sendHttp1(admin, '/healthz', { method: 'POST' });
  expect(post).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  expect(await sendHttp1(admin, '/healthz', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
});
