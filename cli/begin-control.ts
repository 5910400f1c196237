import type { ControlPlane, ControlPlaneOptions } from '../controlplane/control-plane.ts';
import { lateRoutes } from '../proto/routes/late.ts';

/** A control plane that is being started. */
interface Beginning<Plane> extends AsyncDisposable {
  /** Resolves when the data plane can be started: with the control plane, or when that waits for other nodes. */
  readonly begun: Promise<Pick<ControlPlane, 'node' | 'internal' | 'routes'>>;
  readonly started: Promise<Plane>;
}

type Needed = AsyncDisposable & Pick<ControlPlane, 'node' | 'internal' | 'routes'>;

/**
 * Starts a control plane beside which a data plane can be started already while it waits for the other nodes of its cluster:
 * calls go on by the last good route table.
 *
 * Disposing of it gives up a start that is under way, and stops what was started.
 */
export function beginControl<Plane extends Needed>(
  start: (options: Required<Pick<ControlPlaneOptions, 'onWaiting' | 'signal'>>) => Promise<Plane>,
): Beginning<Plane> {
  const givingUp = new AbortController();
  let onWaiting: NonNullable<ControlPlaneOptions['onWaiting']> = () => undefined;
  const waiting = new Promise<Pick<ControlPlane, 'node' | 'internal'>>((resolve) => {
    onWaiting = resolve;
  });
  const started = start({ onWaiting, signal: givingUp.signal });
  const late = waiting.then(({ node, internal }) => {
    const routes = started.then((plane) => plane.routes);
    // Told by `started`.
    routes.catch(() => undefined);
    return { node, internal, routes: lateRoutes(routes, 'the control plane waits for the other nodes') };
  });
  return {
    begun: Promise.race([started, late]),
    started,
    async [Symbol.asyncDispose]() {
      givingUp.abort(new Error('the start was given up'));
      const plane = await started.catch(() => undefined);
      await plane?.[Symbol.asyncDispose]();
    },
  };
}
