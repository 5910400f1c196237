import { expect } from 'vitest';
import { Protocol } from '../../../proto/gen/micro/routes/v1/routes.ts';
import type { DataPlane, DataPlaneOptions } from '../../data-plane.ts';
import { service, stackOfTest, startTestDataPlane, testSource } from '../../data-plane.fixture.ts';
import { frame } from './frames.fixture.ts';
import { type RawInstance, type RawPeer, rawClientOn, rawInstanceOn } from './peer.fixture.ts';

export { type RawInstance, RawPeer } from './peer.fixture.ts';

/** A client that has sent its preface and its first SETTINGS, and has seen and acknowledged those of the lane. */
export function rawClient(
  { grpc }: DataPlane,
  ...first: readonly (readonly [id: number, value: number])[]
): Promise<RawPeer> {
  return rawClientOn(stackOfTest(), grpc, ...first);
}

/** @param first what it says before all else: SETTINGS, of rights */
export function startRawInstance(first?: Buffer): Promise<RawInstance> {
  return rawInstanceOn(stackOfTest(), first);
}

export interface RawLane {
  readonly dataPlane: DataPlane;
  readonly instance: RawInstance;
}

/** A data plane in front of instances that leave their connections to the test. */
export async function startRawLane(
  options: Partial<DataPlaneOptions> = {},
  ...instances: readonly RawInstance[]
): Promise<RawLane> {
  const [instance = await startRawInstance(), ...others] = instances;
  const addresses = [instance, ...others].map(({ address }) => address);
  const routes = service('go.micro.service.greeter', addresses, { protocol: Protocol.PROTOCOL_H2C });
  return { dataPlane: await startTestDataPlane(testSource(routes), options), instance };
}

/** Neither side's rules were broken. */
export function expectNoFaults(...peers: readonly RawPeer[]): void {
  for (const { faults } of peers) expect(faults).toEqual([]);
}

export const unknownFrame = frame(0xfa, 0xff, 0, Buffer.from('whatever'));
