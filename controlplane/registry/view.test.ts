import { describe, expect, test, vi } from 'vitest';
import { encodeRegistered } from './codec.ts';
import { greeter, useRegistry } from './registry.fixture.ts';
import type { Registered, RegistryChange } from './types.ts';
import { startRegistryView } from './view.ts';

const within = { timeout: 10_000 };
const name = 'go.micro.service.greeter';

describe('the registry view', () => {
  const registry = useRegistry();

  const put = async (key: string, value: Registered | string): Promise<bigint> => {
    const bytes = typeof value === 'string' ? value : encodeRegistered(value);
    const { header } = await registry().client.put(`/micro/registry/${key}`).value(bytes);
    return BigInt(header.revision);
  };
  const remove = async (key: string): Promise<bigint> => {
    const { header } = await registry().client.delete().key(`/micro/registry/${key}`).exec();
    return BigInt(header.revision);
  };
  const reached = (revision: bigint): Promise<void> =>
    vi.waitFor(() => expect(registry().view.revision).toBe(revision), within);
  const recordChanges = (): RegistryChange[] => {
    const changes: RegistryChange[] = [];
    registry().view.onChange((change) => changes.push(change));
    return changes;
  };

  test('groups instances by version, everything sorted', async () => {
    await put(`${name}/greeter-2`, greeter(2, '1.0.0'));
    await put(`${name}/greeter-3`, greeter(3, '0.9.0'));
    await put('another/another-1', { ...greeter(1), name: 'another' });
    await reached(await put(`${name}/greeter-1`, greeter(1, '1.0.0')));
    const { view } = registry();
    expect(view.get(name).map(({ version, instances }) => [version, instances.map(({ id }) => id)])).toEqual([
      ['0.9.0', ['greeter-3']],
      ['1.0.0', ['greeter-1', 'greeter-2']],
    ]);
    expect(view.list().map((service) => [service.name, service.version])).toEqual([
      ['another', '1.0.0'],
      [name, '0.9.0'],
      [name, '1.0.0'],
    ]);
    expect(view.get('unknown')).toEqual([]);
  });

  test('has what was there before it started', async () => {
    await reached(await put(`${name}/greeter-1`, greeter()));
    const { mirror, log } = registry();
    const later = startRegistryView({ mirror, log });
    expect(later.list()).toEqual(registry().view.list());
    later.stop();
  });

  test('tells which services a change touched, and at which revision', async () => {
    const changes = recordChanges();
    const added = await put(`${name}/greeter-1`, greeter());
    const removed = await remove(`${name}/greeter-1`);
    await reached(removed);
    expect(changes).toEqual([
      { names: new Set([name]), revision: added },
      { names: new Set([name]), revision: removed },
    ]);
    expect(registry().view.list()).toEqual([]);
  });

  test('says nothing when the same instance is written again', async () => {
    await put(`${name}/greeter-1`, greeter());
    const changes = recordChanges();
    await reached(await put(`${name}/greeter-1`, greeter()));
    expect(changes.filter(({ revision }) => revision === registry().view.revision)).toEqual([]);
  });

  test('leaves untouched services as they are', async () => {
    await put('another/another-1', { ...greeter(), name: 'another' });
    await reached(await put(`${name}/greeter-1`, greeter()));
    const before = registry().view.get('another');
    await reached(await put(`${name}/greeter-2`, greeter(2)));
    expect(registry().view.get('another')).toBe(before);
  });

  test('reads the deeper keys of micro v3, and takes the later of two writings of one instance', async () => {
    await put(`${name}/greeter-1`, greeter(1, '1.0.0'));
    await reached(await put(`micro/${name}/greeter-1`, greeter(1, '2.0.0')));
    const { view } = registry();
    expect(view.get(name).map(({ version }) => version)).toEqual(['2.0.0']);
    expect(view.keysOf(name, 'greeter-1')).toEqual([
      `/micro/registry/${name}/greeter-1`,
      `/micro/registry/micro/${name}/greeter-1`,
    ]);
    await reached(await remove(`micro/${name}/greeter-1`));
    expect(view.get(name).map(({ version }) => version)).toEqual(['1.0.0']);
  });

  test('reads every node of a value that holds more than one', async () => {
    const nodes = [greeter(1).instance, greeter(2).instance];
    await reached(await put(`${name}/greeter-1`, JSON.stringify({ name, version: '1', nodes })));
    expect(registry().view.get(name)[0]?.instances).toEqual(nodes);
  });

  test('reads a key whose parts had slashes', async () => {
    const slashed = { ...greeter(), instance: { ...greeter().instance, id: 'zone/a/1' } };
    await reached(await put(`${name}/zone-a-1`, slashed));
    expect(registry().view.get(name)[0]?.instances[0]?.id).toBe('zone/a/1');
  });

  test.each([
    ['text that is not JSON', `${name}/x`, 'nonsense', 'it is not JSON'],
    ['a reserved name', 'micro.registry.v1/x', { ...greeter(), name: 'micro.registry.v1' }, 'is reserved'],
    ['a name that is not its key', 'another/x', greeter(), 'belongs under another key'],
    ['a key that is too short', 'x', greeter(), 'belongs under another key'],
    ['a key that is too long', `a/b/${name}/x`, greeter(), 'belongs under another key'],
    [
      'an address that is none',
      `${name}/x`,
      { ...greeter(), instance: { ...greeter().instance, address: 'nowhere' } },
      'must be "host:port"',
    ],
  ])('leaves out %s, and logs it once', async (_what, key, value, reason) => {
    const revision = await put(key, value);
    await reached(await put(`${name}/greeter-2`, greeter(2)));
    expect(
      registry()
        .view.list()
        .flatMap(({ instances }) => instances.map(({ id }) => id)),
    ).toEqual(['greeter-2']);
    expect(registry().logged).toEqual([
      expect.objectContaining({
        key: `/micro/registry/${key}`,
        revision: revision.toString(),
        reason: expect.stringContaining(reason),
      }),
    ]);
  });

  test('keeps an instance whose health check is wrong, and logs what is ignored', async () => {
    const wrong = { ...greeter(), instance: { ...greeter().instance, metadata: { health: 'healthz' } } };
    await reached(await put(`${name}/greeter-1`, wrong));
    expect(registry().view.get(name)[0]?.instances).toEqual([wrong.instance]);
    expect(registry().logged).toEqual([
      expect.objectContaining({
        key: `/micro/registry/${name}/greeter-1`,
        reason: expect.stringContaining('the metadata "health" is "healthz"'),
      }),
    ]);
  });

  test('drops an instance whose key is overwritten with nonsense', async () => {
    await put(`${name}/greeter-1`, greeter());
    await reached(await put(`${name}/greeter-1`, 'nonsense'));
    expect(registry().view.list()).toEqual([]);
  });
});
