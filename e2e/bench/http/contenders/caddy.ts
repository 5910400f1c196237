import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freeAddress } from '../../../harness/free-address.ts';
import { prefix } from '../exchange.ts';
import { startProgram } from '../../proxies/program.ts';
import type { Contender } from '../../proxies/contender.types.ts';

export const caddy: Contender = {
  name: 'caddy',
  title: 'Caddy',
  async start({ folder, instance, core }) {
    const address = await freeAddress();
    const file = join(folder, 'Caddyfile');
    await writeFile(file, configuration(address, instance));
    const command = ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'] as const;
    const env = { GOMAXPROCS: '1', XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    return startProgram({ command: [...command], address, core, env });
  },
};

function configuration(address: string, instance: string): string {
  return `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://${address} {
  handle_path ${prefix}/* {
    reverse_proxy ${instance} {
      transport http {
        versions 1.1
        compression off
        keepalive_idle_conns_per_host 1024
      }
    }
  }
}
`;
}
