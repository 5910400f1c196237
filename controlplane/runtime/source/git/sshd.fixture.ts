import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** An ssh server on the loopback, and a client that it may know. */
export interface Sshd {
  /** "ssh://user@127.0.0.1:40022", of whoever runs the tests. */
  readonly url: string;
  /** A folder with a program `ssh`: the real one, with settings and keys of its own instead of the user's. */
  readonly programs: string;
  /** The command that this program runs. */
  readonly clientCommand: string;
  /** Lets the client know the key of the server, or another one than it has. */
  know(key: 'host' | 'other'): Promise<void>;
  /** Lets the server know the key of the client. */
  admit(): Promise<void>;
  stop(): Promise<void>;
}

/** @param folder for its keys and settings, of its own */
export async function startSshd(folder: string): Promise<Sshd> {
  const at = (name: string): string => join(folder, name);
  const { username, uid } = userInfo();
  await mkdir(at('bin'), { recursive: true });
  const port = await freePort();
  const keys = new Map<string, string>();
  for (const name of ['host', 'other', 'client']) {
    const path = at(`${name}_key`);
    await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path]);
    keys.set(name, (await promisify(execFile)('ssh-keygen', ['-y', '-f', path])).stdout.trim());
  }
  await writeFile(at('authorized_keys'), '');
  await writeFile(at('known_hosts'), '');
  // It asks for a password where it can.
  await writeFile(
    at('sshd_config'),
    `ListenAddress 127.0.0.1:${port}
HostKey ${at('host_key')}
PidFile none
AuthorizedKeysFile ${at('authorized_keys')}
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
`,
  );
  await writeFile(
    at('ssh_config'),
    `Host *
  IdentityFile ${at('client_key')}
  IdentitiesOnly yes
  UserKnownHostsFile ${at('known_hosts')}
  GlobalKnownHostsFile none
`,
  );
  const clientCommand = `/usr/bin/ssh -F ${at('ssh_config')}`;
  await writeFile(at('bin/ssh'), `#!/bin/sh\nexec ${clientCommand} "$@"\n`);
  await chmod(at('bin/ssh'), 0o755);

  // What Debian's unit makes before it starts one as root.
  if (uid === 0) await mkdir('/run/sshd', { recursive: true });
  const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(server, 'exit');
  const printed: string[] = [];
  for await (const line of createInterface(server.stderr)) {
    printed.push(line);
    if (line.startsWith('Server listening on')) break;
  }
  if (!printed.at(-1)?.startsWith('Server listening on')) throw new Error(`sshd ended: ${printed.join('\n')}`);
  server.stderr.resume();
  return {
    url: `ssh://${username}@127.0.0.1:${port}`,
    programs: at('bin'),
    clientCommand,
    know: (key) => writeFile(at('known_hosts'), `[127.0.0.1]:${port} ${keys.get(key)}\n`),
    admit: () => writeFile(at('authorized_keys'), `${keys.get('client')}\n`),
    async stop() {
      server.kill();
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
