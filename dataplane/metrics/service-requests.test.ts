import { expect, test } from 'vitest';
import { ServiceRequests } from './service-requests.ts';

const minute = 60_000;

function requestsAt() {
  const clock = { nowMs: 0 };
  const routed = new Set<string>();
  const requests = new ServiceRequests({ isRouted: (service) => routed.has(service), now: () => clock.nowMs });
  const services = (): readonly string[] => Array.from(requests.series(), ({ labels }) => labels.service);
  return { clock, routed, requests, services };
}

test('a service that left the route table is told of for ten minutes after its last call', () => {
  const { clock, routed, requests, services } = requestsAt();
  for (const service of ['stays', 'leaves']) {
    routed.add(service);
    requests.add(service, 200, 0.001, clock.nowMs);
  }
  routed.delete('leaves');
  clock.nowMs = 5 * minute;
  // It was in flight when the service left.
  requests.add('leaves', 200, 300, clock.nowMs);
  clock.nowMs = 15 * minute;
  expect(services()).toEqual(['stays', 'leaves']);
  clock.nowMs += 1;
  expect(services()).toEqual(['stays']);
});

test('services that come and go do not add up when nobody asks for metrics', () => {
  const { clock, requests } = requestsAt();
  let mostTold = 0;
  for (let number = 0; number < 20_000; number += 1) {
    clock.nowMs += minute;
    requests.add(`gone-${number}`, 200, 0.001, clock.nowMs);
    mostTold = Math.max(mostTold, requests.size);
  }
  expect(mostTold).toBeLessThanOrEqual(1_000);
});
