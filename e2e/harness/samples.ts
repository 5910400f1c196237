import { join } from 'node:path';

const services = join(process.cwd(), 'e2e', 'services');

/** The folders of the sample services, for `micro run`. */
export const samples = {
  /** go.micro.service.greeter: gRPC and HTTP on one port. Built with npm, so it takes a while. */
  greeter: join(services, 'greeter'),
  /** go.micro.api.clock: HTTP, without dependencies. */
  clock: join(services, 'clock', 'api'),
  /** go.micro.web.chat: a page and a WebSocket. */
  chat: join(services, 'chat', 'web'),
};
