import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Debian's, for which `e2e/provision.sh` installs grpcio; another one on the PATH would not have it. */
const python = '/usr/bin/python3';

/** Starts a program of this folder. What goes wrong in it is shown with the tests. */
export function spawnPython(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const path = join(process.cwd(), 'e2e', 'grpc', 'echo', program);
  return spawn(python, ['-B', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // The proxies of the environment are for the web.
    env: { PATH: process.env['PATH'], ...env },
  });
}
