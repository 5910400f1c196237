import { on } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { listenForTest, rawConnection, service, startTestDataPlane, testSource } from '../data-plane.fixture.ts';
import { deadAddress, get, lanes, sendHttp1, ways } from './http.fixture.ts';

const greeter = (...addresses: string[]) => testSource(service('go.micro.api.greeter', addresses));

/** Answers with its path, and tells of the paths in the order in which they came. */
function tellingPaths(): { readonly listener: RequestListener; readonly paths: (string | undefined)[] } {
  const paths: (string | undefined)[] = [];
  return {
    paths,
    listener: ({ url }, response) => {
      paths.push(url);
      response.end(`<${url}>`);
    },
  };
}

/** Statuses and the paths that were answered with, in their order. */
const answersIn = (bytes: string) => bytes.match(/(?<=HTTP\/1\.1 )\d+|<[^>]+>/g);

describe.each(lanes)('in the $lane lane', ({ header }) => {
  test('requests that come one behind the other on a connection are answered in order', async () => {
    const { listener, paths } = tellingPaths();
    const { http } = await startTestDataPlane(greeter(await ways[0].start(listener)));
    const socket = rawConnection(http);
    const targets = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const last = get('/api/greeter/last', header, 'Connection: close\r\n');
    socket.write(targets.map((target) => get(`/api/greeter${target}`, header)).join('') + last);
    expect(answersIn(await text(socket))).toEqual([...targets, '/last'].flatMap((target) => ['200', `<${target}>`]));
    expect(new Set(paths)).toEqual(new Set([...targets, '/last']));
    expect(paths).toHaveLength(51);
  });

  test('what follows a request that had to be sent again is served once', async () => {
    const { listener, paths } = tellingPaths();
    let hasDied = false;
    const instance = await ways[0].start((incoming, response) => {
      if (incoming.url !== '/1' || hasDied) return listener(incoming, response);
      hasDied = true;
      return incoming.socket.destroy();
    });
    const { http } = await startTestDataPlane(greeter(instance));
    const socket = rawConnection(http);
    const upTo = async (end: string) => {
      for await (const bytes of on(socket, 'data')) if (String(bytes).includes(end)) return;
    };
    // A connection that was used before is what a request is sent again for, to the same instance.
    socket.write(get('/api/greeter/0', header));
    await upTo('</0>');
    socket.write(['1', '2', '3'].map((target) => get(`/api/greeter/${target}`, header)).join(''));
    await upTo('</3>');
    socket.write(get('/api/greeter/last', header, 'Connection: close\r\n'));
    expect(answersIn(await text(socket))).toEqual(['200', '</last>']);
    expect(hasDied).toBe(true);
    expect(new Set(paths)).toEqual(new Set(['/0', '/1', '/2', '/3', '/last']));
    expect(paths).toHaveLength(5);
  });

  test('what follows a request that no instance could serve is served once', async () => {
    const { http } = await startTestDataPlane(greeter(await deadAddress()));
    const socket = rawConnection(http);
    socket.write(get('/api/greeter/1', header) + get('/nothing', header, 'Connection: close\r\n'));
    expect(answersIn(await text(socket))).toEqual(['502', '404']);
  });

  test('all that a client asked for before it ended its side is answered', async () => {
    const { listener } = tellingPaths();
    const { http } = await startTestDataPlane(greeter(await ways[0].start(listener)));
    const socket = rawConnection(http);
    socket.end(get('/api/greeter/1', header) + get('/nothing', header) + get('/api/greeter/2', header));
    const bytes = await text(socket);
    expect(answersIn(bytes)).toEqual(['200', '</1>', '404', '200', '</2>']);
    expect(bytes.match(/connection: close/gi)).toHaveLength(1);
    expect(bytes.toLowerCase().indexOf('connection: close')).toBeGreaterThan(bytes.indexOf(' 404 '));
  });
});

test('a request that is handed to the full lane may stand among others', async () => {
  const { listener, paths } = tellingPaths();
  const { http } = await startTestDataPlane(greeter(await ways[0].start(listener)));
  const socket = rawConnection(http);
  socket.write(
    get('/api/greeter/1') +
      get('/nothing') +
      get('/api/greeter/2', 'Trailer: x\r\n') +
      get('/api/greeter/3') +
      get('/nothing') +
      get('/api/greeter/4', 'Connection: close\r\n'),
  );
  const answers = ['200', '</1>', '404', '200', '</2>', '200', '</3>', '404', '200', '</4>'];
  expect(answersIn(await text(socket))).toEqual(answers);
  expect(paths).toHaveLength(4);
});

test('an instance is asked one thing at a time by one connection', async () => {
  let atOnce = 0;
  let mostAtOnce = 0;
  const instance = createTcpServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        const heads = String(bytes).match(/HTTP\/1\.1\r\n/g)?.length ?? 0;
        atOnce += heads;
        mostAtOnce = Math.max(mostAtOnce, atOnce);
        setImmediate(() => {
          atOnce -= heads;
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'.repeat(heads));
        });
      });
  });
  const { http } = await startTestDataPlane(greeter(await listenForTest(instance)));
  const socket = rawConnection(http);
  socket.write(get('/api/greeter/').repeat(20) + get('/api/greeter/', 'Connection: close\r\n'));
  expect(answersIn(await text(socket))).toHaveLength(21);
  expect(mostAtOnce).toBe(1);
});

test('a client that asks on without taking its answers is served no further than it takes them', async () => {
  let served = 0;
  const answer = 'x'.repeat(8 * 1024);
  const instance = await ways[0].start((_, response) => {
    served += 1;
    response.end(answer);
  });
  const { http } = await startTestDataPlane(testSource(service('go.micro.api.greeter', [instance])));
  const asked = 10_000;
  const client = rawConnection(http).pause();
  client.write('GET /api/greeter/ HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(asked));
  // Others are served meanwhile, until the one has not been for a while.
  let others = 0;
  let still = 0;
  for (let before = served; still < 20; before = served) {
    expect((await sendHttp1(http, '/api/greeter/')).status).toBe(200);
    others += 1;
    still = served === before + 1 ? still + 1 : 0;
  }
  // What the kernel holds is a small part of what it asked for.
  expect(served - others).toBeLessThan(asked / 2);
  client.resume();
  await vi.waitFor(() => expect(served).toBe(others + asked), { timeout: 15_000 });
});
