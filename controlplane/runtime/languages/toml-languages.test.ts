import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder, writeFiles } from '../runtime.fixture.ts';
import { describeCommand } from '../process/group.ts';
import { readProject } from '../project/project.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const read = async (files: Readonly<Record<string, unknown>>) => {
  const project = await readProject(await writeFiles(folder.path, files));
  const steps = (await project.buildSteps()).map(describeCommand);
  return { project, steps, name: await project.declaredName(), start: describeCommand(await project.startCommand()) };
};

describe('a Python service', () => {
  test('that needs no packages is started as it is', async () => {
    expect(await read({ 'main.py': '', 'requirements.txt': '# none\n' })).toMatchObject({
      project: { kind: 'Python' },
      steps: [],
      name: undefined,
      start: 'python3 main.py',
    });
  });

  test.each([
    [{ 'requirements.txt': 'flask\n' }, '-r requirements.txt'],
    [{ 'pyproject.toml': '[build-system]\nrequires = []\n' }, '.'],
    [{ 'pyproject.toml': '[project]\nname = "x"\ndependencies = ["flask>=3"]\n' }, '-- flask>=3'],
    [
      { 'requirements.txt': 'flask==3.0\n', 'pyproject.toml': '[project]\ndependencies = ["flask>=3"]\n' },
      '-r requirements.txt',
    ],
    [
      { 'requirements.txt': 'flask\n', 'pyproject.toml': '[project.scripts]\nx = "x:main"\ny = "x:y"\n' },
      '-r requirements.txt .',
    ],
  ])('gets its packages in an environment of its own: %j', async (files, packages) => {
    const { steps } = await read({ 'app.py': '', ...files });
    expect(steps).toEqual(['python3 -m venv .venv', `pip install ${packages}`]);
  });

  test('is called as its pyproject.toml says, [tool.micro] first', async () => {
    const project = '[project]\nname = "My_Greeter"\n';
    expect((await read({ 'app.py': '', 'pyproject.toml': project })).name).toBe('my-greeter');
    const both = `${project}[tool.micro]\nname = "go.micro.api.greeter"\n`;
    expect((await read({ 'pyproject.toml': both })).name).toBe('go.micro.api.greeter');
  });

  test('is started by its only script, or the one that is called as it is', async () => {
    const pyproject = '[project]\nname = "x"\n[project.scripts]\nserve = "x:main"\n';
    expect((await read({ 'pyproject.toml': pyproject, 'main.py': '' })).start).toBe('./.venv/bin/serve');
    expect((await read({ 'pyproject.toml': `${pyproject}x = "x:x"\n` })).start).toBe('./.venv/bin/x');
    const several = `${pyproject}other = "x:x"\n`;
    expect((await read({ 'pyproject.toml': several })).start).toBe('python3 main.py');
    await rm(join(folder.path, 'main.py'));
    await expect(read({ 'pyproject.toml': several })).rejects.toThrow('which has several (serve, other)');
  });

  test('is refused when nothing says how to start it, or its pyproject.toml is malformed', async () => {
    await expect(read({ 'requirements.txt': 'flask' })).rejects.toThrow('say it in a Procfile');
    await expect(read({ 'pyproject.toml': 'a = [1' })).rejects.toThrow(/pyproject\.toml is no TOML: \S+/);
    await expect(read({ 'pyproject.toml': '[project]\nname = 1' })).rejects.toThrow('project.name');
  });
});

describe('a Rust service', () => {
  test.each([
    ['[package]\nname = "my_greeter"\n', 'my-greeter', 'my_greeter'],
    ['[package]\nname = "x"\n[[bin]]\nname = "serve"\n', 'x', 'serve'],
    ['[package]\nname = "x"\ndefault-run = "b"\n[[bin]]\nname = "a"\n[[bin]]\nname = "b"\n', 'x', 'b'],
    ['[package]\nname = "x"\n[package.metadata.micro]\nname = "greeter"\n', 'greeter', 'x'],
  ])('is called, built and started as its Cargo.toml says: %j', async (toml, name, program) => {
    expect(await read({ 'Cargo.toml': toml, 'package.json': {} })).toMatchObject({
      project: { kind: 'Rust' },
      steps: ['cargo build --release --target-dir target', 'remove what only the build needed'],
      name,
      start: `./target/release/${program}`,
    });
  });

  test('is started by the only program that its files make, with the versions of its lock file', async () => {
    const files = {
      'Cargo.toml': '[package]\nname = "x"\n',
      'Cargo.lock': '',
      'src/lib.rs': '',
      'src/bin/serve.rs': '',
    };
    const { steps, start } = await read(files);
    expect([steps[0], start]).toEqual(['cargo build --release --locked --target-dir target', './target/release/serve']);
    expect((await read({ 'src/main.rs': '' })).start).toBe('./target/release/x');
  });

  test('is refused when its Cargo.toml is that of a workspace', async () => {
    await expect(read({ 'Cargo.toml': '[workspace]\nmembers = ["a"]\n' })).rejects.toThrow('has no [package]');
  });
});
