import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Command } from '../process/group.ts';
import { makeFolder, writeFiles } from '../runtime.fixture.ts';
import { readProject } from './project.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const read = async (files: Readonly<Record<string, unknown>>) => readProject(await writeFiles(folder.path, files));
const line = ({ file, arguments: words }: Command): string => [file, ...words].join(' ');

describe('a service is run', () => {
  const node = { 'package.json': { name: 'x', scripts: { start: 'node main.js', build: 'tsc' } } };

  test('as its micro.yaml says, above all', async () => {
    const project = await read({
      ...node,
      Procfile: 'web: node other.js',
      'micro.yaml': `
        name: greeter
        build:
          - make
          - make check
        command: ./run --port $PORT
        env: { GREETING: Hello, LIMIT: 3, LOUD: true }
        protocol: grpc
        health: /healthz
        instances: 2
        limits: { memory: 256Mi, cpu: 500m }
      `,
    });
    expect(await project.declaredName()).toBe('greeter');
    expect((await project.buildSteps()).map(line)).toEqual(['/bin/sh -c make', '/bin/sh -c make check']);
    expect(line(await project.startCommand())).toBe('/bin/sh -c ./run --port $PORT');
    expect(project.settings).toEqual({
      env: { GREETING: 'Hello', LIMIT: '3', LOUD: 'true' },
      protocol: 'grpc',
      health: '/healthz',
      instances: 2,
      limits: { memory: 268_435_456, cpu: 0.5 },
    });
  });

  test('without a shell, when its command is a list', async () => {
    const project = await read({ 'micro.yaml': 'command: [./run, --port, $PORT]' });
    expect(await project.startCommand()).toMatchObject({ file: './run', arguments: ['--port', '$PORT'] });
    expect(project.kind).toBe('micro.yaml');
    expect(await project.buildSteps()).toEqual([]);
  });

  test('as its language does what a micro.yaml leaves out', async () => {
    const project = await read({ ...node, 'micro.yaml': 'instances: 3' });
    expect((await project.buildSteps()).map(line)).toEqual(['npm run build']);
    expect(line(await project.startCommand())).toBe('node main.js');
    expect(await project.declaredName()).toBe('x');
    expect(await (await read({ 'micro.yaml': 'build: []' })).buildSteps()).toEqual([]);
  });

  test.each([
    ['web: node web.js --port $PORT\nworker: node worker.js\n', 'node web.js --port $PORT'],
    ['# only one\nserver:   ./server  \n\n', './server'],
  ])('as the "web" or the only line of its Procfile says, with what the language builds: %j', async (text, command) => {
    const project = await read({ ...node, Procfile: text });
    expect(line(await project.startCommand())).toBe(`/bin/sh -c ${command}`);
    expect(await project.startCommand()).toMatchObject({ path: ['node_modules/.bin'] });
    expect((await project.buildSteps()).map(line)).toEqual(['npm run build']);
  });
});

describe('what cannot be understood is refused', () => {
  test('a micro.yaml with every problem and its line', async () => {
    const text = `name: 7
build: []
command: ''
env:
  PORT: 80
  good: ok
  bad-name: x
protocol: smtp
health: healthz
instances: 0
limits:
  memory: lots
  disk: 1G
replicas: 3
`;
    const faults = [
      'line 1: name must be text',
      'line 3: command is an empty command',
      'line 5: env.PORT is set by the server for each instance; leave it out',
      'line 7: env.bad-name is misnamed: letters, digits and "_", no digit first',
      'line 8: protocol must be http or grpc',
      'line 9: health must be a path that begins with "/", or grpc for the gRPC health service',
      'line 10: instances must be at least 1',
      'line 12: limits.memory must be at least 4Mi, for instance 256Mi',
      'line 13: no such setting: limits.disk',
      'line 14: no such setting: replicas',
    ];
    await expect(read({ 'micro.yaml': text })).rejects.toMatchObject({
      code: 'invalid',
      message: `${folder.path}/micro.yaml cannot be used: ${faults.join('; ')}`,
    });
  });

  test.each([
    ['a: [1', 'line 1: Flow sequence'],
    ['name: a\nname: b', 'line 2: Map keys must be unique'],
    ['name: !!js/function x', 'line 1: Unresolved tag'],
    [`a: &a [x]\nb: [${'*a, '.repeat(40)}]`, 'Excessive alias count'],
    ['- name', 'line 1: Invalid input: expected object'],
  ])('a micro.yaml that is malformed: %j', async (text, fault) => {
    await expect(read({ 'micro.yaml': text })).rejects.toThrow(fault);
  });

  test.each([
    ['just words', 'Procfile, line 1: is not "name: command"'],
    ['a: x\nb: y', 'give it a "web:" (it has a, b)'],
    ['', 'give it a "web:" (it has nothing)'],
  ])('a Procfile that does not say: %j', async (text, fault) => {
    await expect(read({ Procfile: text })).rejects.toThrow(fault);
  });

  test('a folder where a file should be', async () => {
    await mkdir(join(folder.path, 'micro.yaml'));
    await expect(read({})).rejects.toThrow('micro.yaml');
  });

  test('a folder with nothing to run, and what was looked for', async () => {
    await expect(read({})).rejects.toThrow(
      `${folder.path} holds no service that is known how to run: looked for micro.yaml, Procfile, `,
    );
    await expect(read({ 'micro.yaml': 'name: x' })).rejects.toThrow('its micro.yaml has no "command"');
  });
});
