import { Protocol, type Service } from '../../../proto/gen/micro/routes/v1/routes.ts';

/** Of each service. */
export const instances = 10;

export const serviceName = (index: number): string => `go.micro.service.s${index}`;

/** Where an instance would be: an address of its own, which nobody calls. A new generation has its last one elsewhere. */
export function addressOf(service: number, instance: number, generation: number): string {
  const moved = instance === instances - 1 ? generation % 199 : 0;
  return `10.${service >> 8}.${service & 255}.${instance}:${8_000 + moved}`;
}

/** A service of a route table. */
export function serviceOf(index: number, generation: number): Service {
  return {
    name: serviceName(index),
    instances: Array.from({ length: instances }, (_, instance) => ({
      id: `s${index}-${instance}`,
      version: 'latest',
      address: addressOf(index, instance, generation),
      protocol: Protocol.PROTOCOL_HTTP1,
      weight: 1,
      healthCheck: undefined,
    })),
  };
}
