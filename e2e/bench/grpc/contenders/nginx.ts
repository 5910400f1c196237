import { freeAddress } from '../../../harness/free-address.ts';
import type { Contender } from '../../proxies/contender.types.ts';
import { startNginx } from '../../proxies/nginx.ts';

export const nginx: Contender = {
  name: 'nginx',
  title: 'nginx',
  async start({ folder, instance, core }) {
    const address = await freeAddress();
    return startNginx({ folder, address, core, http: configuration(address, instance) });
  },
};

/** It has a connection to the instance for each call at a time. */
function configuration(address: string, instance: string): string {
  return `client_max_body_size 0;
  client_body_buffer_size 256k;
  upstream instance { server ${instance}; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen ${address} http2 backlog=4096;
    location / { grpc_pass grpc://instance; }
  }`;
}
