import { access, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { expect } from 'vitest';
import { writeFolder, writeService } from '../harness/service-folder.ts';
import { test } from '../harness/test.ts';

/** Makes a folder that holds these programs of the PATH and nothing else. */
async function pathWith(folder: string, programs: readonly string[]): Promise<string> {
  await mkdir(folder);
  for (const program of programs) {
    for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
      const file = join(place, program);
      const isThere = await access(file).then(
        () => true,
        () => false,
      );
      if (!isThere) continue;
      await symlink(await realpath(file), join(folder, program));
      break;
    }
  }
  return folder;
}

const node = { 'package.json': JSON.stringify({ dependencies: { left: '1' } }), 'server.js': '' };

test('a toolchain that is missing is named, with what to install, and what runs runs on', async ({ folder, start }) => {
  const path = await pathWith(join(folder, 'bin'), ['node', 'git', 'sync', 'sh']);
  const server = await start({ env: { PATH: path } });
  const source = join(folder, 'hello');
  await server.succeed('run', await writeService(source, 'still here'));

  for (const [program, install, files] of [
    ['go', 'apt-get install golang-go', { 'go.mod': 'module hello\n', 'main.go': 'package main\nfunc main() {}\n' }],
    ['cargo', 'apt-get install cargo', { 'Cargo.toml': '[package]\nname = "hello"\n', 'src/main.rs': '' }],
    ['python3', 'apt-get install python3 python3-venv', { 'main.py': '', 'requirements.txt': 'flask\n' }],
    ['python3', 'apt-get install python3 python3-venv', { 'main.py': '' }],
    ['npm', 'apt-get install nodejs npm', node],
    ['pnpm, nor corepack', 'npm install --global pnpm', { ...node, 'pnpm-lock.yaml': '' }],
    ['yarn, nor corepack', 'npm install --global yarn', { ...node, 'yarn.lock': '' }],
    ['no-such-server', 'install no-such-server', { 'micro.yaml': 'command: [no-such-server, --port, "80"]\n' }],
  ] as const) {
    await rm(source, { recursive: true });
    await writeFolder(source, files);
    const { stdout, stderr, exitCode } = await server.run('run', source);
    expect([stdout, exitCode], stderr).toEqual(['', 1]);
    expect(stderr).toMatch(/^micro: .*there is no program /m);
    expect(stderr).toContain(`there is no program ${program} on the server's PATH (${path}): `);
    expect(stderr).toContain(install);
    expect(await (await fetch(server.url('/service/hello/'))).text()).toBe('still here');
  }
});
