import { freeAddress } from '../../../harness/free-address.ts';
import type { Contender } from '../../proxies/contender.types.ts';
import { startNginx } from '../../proxies/nginx.ts';
import { prefix, upload } from '../exchange.ts';

/** It reads a request's body whole before it passes it on, its default. */
export const nginx = contender('nginx', 'nginx', 'on');

/** It passes a request's body on as it comes. Which of the two is faster depends on the bodies. */
export const nginxUnbuffered = contender('nginx-unbuffered', 'nginx, unbuffered', 'off');

function contender(name: string, title: string, requestBuffering: 'on' | 'off'): Contender {
  return {
    name,
    title,
    async start({ folder, instance, core }) {
      const address = await freeAddress();
      return startNginx({ folder, address, core, http: configuration(address, instance, requestBuffering) });
    },
  };
}

/** Bodies and answers stay in memory: nothing is written to a disk. */
function configuration(address: string, instance: string, requestBuffering: 'on' | 'off'): string {
  return `client_max_body_size 0;
  client_body_buffer_size 64k;
  upstream instance { server ${instance}; keepalive 1024; keepalive_requests 1000000000; }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_request_buffering ${requestBuffering};
  proxy_max_temp_file_size 0;
  proxy_buffer_size 16k;
  proxy_buffers 8 64k;
  proxy_busy_buffers_size 128k;
  server {
    listen ${address} backlog=4096;
    location ${prefix}/ { proxy_pass http://instance/; }
    location = ${prefix}${upload.path} {
      client_body_buffer_size ${requestBuffering === 'on' ? '11m' : '256k'};
      proxy_pass http://instance${upload.path};
    }
  }`;
}
