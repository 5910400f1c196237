import type { RoutesServer } from '../../proto/gen/micro/routes/v1/routes.ts';
import { serveRoutes } from '../../proto/routes/serve.ts';
import type { RoutePublisher } from '../routes/publish.ts';

/** The internal system `micro.routes.v1`: what `micro routes ls` shows, and the stream to data planes. */
export function routesService(publisher: RoutePublisher): RoutesServer {
  return {
    list: (_call, done) => done(null, { snapshot: publisher.snapshot() }),
    subscribe: serveRoutes(publisher),
  };
}
