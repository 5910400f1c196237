import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningProxy } from './contender.types.ts';
import { startProgram } from './program.ts';

export interface NginxOptions {
  /** Its own; it exists. */
  readonly folder: string;
  /** That its configuration lets it listen on. */
  readonly address: string;
  readonly core: number;
  /** What nginx.conf says within `http { … }`. */
  readonly http: string;
}

/** Starts an nginx of one worker, which is the process that forwards. */
export async function startNginx({ folder, address, core, http }: NginxOptions): Promise<RunningProxy> {
  await writeFile(join(folder, 'nginx.conf'), configuration(folder, http));
  const command = ['nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'stderr'] as const;
  const program = await startProgram({ command: [...command], address, core });
  return { ...program, pid: await workerOf(program.pid) };
}

function configuration(folder: string, http: string): string {
  return `daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 16384; multi_accept on; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  ${temporaryPaths(folder)}
  ${http}
}
`;
}

/** Where it may write: by default in folders of the system. */
export function temporaryPaths(folder: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return kinds.map((kind) => `${kind}_temp_path ${folder}/temp;`).join(' ');
}

async function workerOf(master: number): Promise<number> {
  return Number((await readFile(`/proc/${master}/task/${master}/children`, 'utf8')).trim());
}
