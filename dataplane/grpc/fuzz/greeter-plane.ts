import { Protocol, type Service } from '../../../proto/gen/micro/routes/v1/routes.ts';
import type { DataPlane } from '../../data-plane.ts';
import { until } from '../../fuzz/until.ts';
import { dataPlaneOn } from '../../on-stack.fixture.ts';
import { service, testSource } from '../../test-source.fixture.ts';

/** A data plane in front of a greeter that is another one for each input. */
export interface GreeterPlane {
  readonly dataPlane: DataPlane;
  /** From now on the greeter has this one instance. */
  serve(address: string): Promise<void>;
  /**
   * From now on there is no greeter. Resolves once it has no call in flight.
   *
   * @throws AssertionError if that does not come to be
   */
  drained(): Promise<void>;
}

/** @param others what is served beside the greeter all the while */
export async function greeterPlaneOn(
  stack: AsyncDisposableStack,
  others: readonly Service[] = [],
): Promise<GreeterPlane> {
  const source = testSource(...others);
  const dataPlane = await dataPlaneOn(stack, source);
  let revision = others.length === 0 ? 0n : 1n;
  const serve = async (...services: readonly Service[]): Promise<void> => {
    source.serve(...others, ...services);
    revision += 1n;
    await until('the route table is applied', () => dataPlane.routes().revision === revision);
  };
  return {
    dataPlane,
    serve: (address) => serve(h2cService('greeter', address)),
    async drained() {
      await serve();
      await until('no call is in flight', () => source.draining().length === 0);
    },
  };
}

/** `go.micro.service.NAME`, with one instance. */
export function h2cService(name: string, address: string): Service {
  return service(`go.micro.service.${name}`, [address], { protocol: Protocol.PROTOCOL_H2C });
}
