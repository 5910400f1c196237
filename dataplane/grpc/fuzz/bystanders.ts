import assert from 'node:assert/strict';
import { type GreeterPlane, greeterPlaneOn, h2cService } from './greeter-plane.ts';
import { type NodeClient, nodeClientOn, nodeInstanceOn } from './node-peers.ts';

/** A path that the bystander serves: a service of its own. */
export const bystanderPath = '/go.micro.service.bystander.Say/Hello';

/** A greeter's data plane with a client and a service that have no part in what its other peers do. */
export interface Bystanders {
  readonly plane: GreeterPlane;
  readonly client: NodeClient;
  /**
   * The client calls the service.
   *
   * @throws AssertionError where it is not answered rightly, or either objected to anything since they were asked last
   */
  call(): Promise<void>;
}

export async function bystandersOn(stack: AsyncDisposableStack): Promise<Bystanders> {
  const instance = await nodeInstanceOn(stack);
  const plane = await greeterPlaneOn(stack, [h2cService('bystander', instance.address)]);
  const client = await nodeClientOn(stack, plane.dataPlane.grpc);
  return {
    plane,
    client,
    async call() {
      const answer = await client.call(bystanderPath, 'hello');
      assert.deepEqual(answer, { body: 'hello', grpcStatus: '0', code: 0 }, 'a bystander is not served');
      assert.deepEqual([...client.objections(), ...instance.objections()], []);
    },
  };
}
