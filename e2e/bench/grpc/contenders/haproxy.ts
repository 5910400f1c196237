import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freeAddress } from '../../../harness/free-address.ts';
import type { Contender } from '../../proxies/contender.types.ts';
import { startProgram } from '../../proxies/program.ts';

export const haproxy: Contender = {
  name: 'haproxy',
  title: 'HAProxy',
  async start({ folder, instance, core }) {
    const address = await freeAddress();
    const file = join(folder, 'haproxy.cfg');
    await writeFile(file, configuration(address, instance));
    return startProgram({ command: ['haproxy', '-q', '-db', '-f', file], address, core });
  },
};

function configuration(address: string, instance: string): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 75s
  timeout server 60s
  http-reuse always
listen bench
  bind ${address} proto h2 backlog 4096
  server instance ${instance} proto h2
`;
}
