import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RuntimeLimits } from './limits.ts';
import { startFixture } from './runtime.fixture.ts';
import type { DeploymentStatus } from './types.ts';

interface Task {
  readonly etcd: string;
  readonly folder: string;
  readonly limits: Partial<RuntimeLimits>;
  /** The source that is run. */
  readonly path: string;
}

/**
 * What the process does: runs a source, tells what came of it, and stays.
 *
 * @public called by the program below
 */
export async function serve(task: Task): Promise<void> {
  const fixture = await startFixture(task);
  const { status } = await fixture.run({ path: task.path });
  process.send?.(status);
}

/** Starts a process with a runtime of its own, which a test can kill, and waits until its service runs. */
export async function startServer(task: Task): Promise<{ process: ChildProcess; status: DeploymentStatus }> {
  // Node 20 does not run TypeScript: the process loads it in the way that the tests do.
  const program = `
    const { createServer } = await import('vite');
    const vite = await createServer({
      configFile: false,
      appType: 'custom',
      logLevel: 'error',
      oxc: { target: 'node20' },
      optimizeDeps: { noDiscovery: true },
      server: { middlewareMode: true, ws: false, watch: null },
    });
    const { serve } = await vite.ssrLoadModule(${JSON.stringify(fileURLToPath(import.meta.url))});
    await serve(${JSON.stringify(task)});
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [status] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the server process exited with ${code}`);
    }),
  ]);
  return { process: child, status };
}
