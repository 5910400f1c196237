import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';

test('connections are held while more are coming in, and accepted in their order', async () => {
  const accepted: Socket[] = [];
  const arrivals = new Arrivals((socket) => accepted.push(socket));
  const sockets = Array.from({ length: 5 }, () => new Socket());
  for (const socket of sockets) {
    arrivals.add(socket);
    await turn();
    expect(accepted).toEqual([]);
  }
  await turn();
  await turn();
  expect(accepted).toEqual(sockets);
});

test('a connection that comes alone is accepted a turn later, and so is the next', async () => {
  const accepted: Socket[] = [];
  const arrivals = new Arrivals((socket) => accepted.push(socket));
  for (const socket of [new Socket(), new Socket()]) {
    arrivals.add(socket);
    await turn();
    await turn();
    await turn();
    expect(accepted.at(-1)).toBe(socket);
  }
});
