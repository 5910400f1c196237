import { expect, test } from 'vitest';
import { Ownership } from './ownership.ts';

const service = 'go.micro.service.greeter';
const owned = (node?: string) => ({ service, ...(node !== undefined && { node }) });

test('a server that is alone owns all deployments, whatever it was called when it made them', async () => {
  const alone = new Ownership({ node: 'a', clusterNodes: undefined });
  for (const deployment of [owned(), owned('a'), owned('b')]) {
    expect(alone.isOwn(deployment)).toBe(true);
    await alone.assertFree(deployment);
  }
});

test('a node of a cluster restores its own, and leaves alone what another one runs', async () => {
  const node = new Ownership({ node: 'a', clusterNodes: async () => ['a', 'b'] });
  expect([owned('a'), owned('b'), owned()].map((deployment) => node.isOwn(deployment))).toEqual([true, false, false]);
  await node.assertFree(owned('a'));
  await expect(node.assertFree(owned('b'))).rejects.toThrow(`${service} is run by node b`);
});

test('what a node ran that was removed is free, as is what none runs', async () => {
  const node = new Ownership({ node: 'a', clusterNodes: async () => ['a'] });
  expect(node.isOwn(owned('b'))).toBe(false);
  expect(node.troubleOf(owned('b'))).toMatch(/run by node b: ask there, or run it again/);
  await node.assertFree(owned('b'));
  await node.assertFree(owned());
});
