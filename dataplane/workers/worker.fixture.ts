import { createServer, type Socket } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { serveAsWorker } from './serve.ts';

/** How a worker under test behaves. */
export interface FixtureSettings {
  readonly fault?: 'refuses' | 'dies at its start' | 'does not end';
}

// A worker whose data plane is a server that tells each connection which process has it, and keeps it open until it ends.
await serveAsWorker<FixtureSettings>({
  async start({ number, http, settings: { fault } }) {
    if (fault === 'refuses') throw new Error(`worker ${number} does not like its settings`);
    if (fault === 'dies at its start') process.exit(3);
    const metrics = new Registry();
    const connections = new Counter({ name: 'connections_total', help: 'Connections.', registers: [metrics] });
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined).once('close', () => open.delete(socket));
      connections.inc();
      console.log(`connection in ${number}`);
      socket.write(`${process.pid}\n`);
    });
    await new Promise<void>((resolve) => server.listen({ fd: http.fd }, resolve));
    return {
      metrics,
      routes: () => ({ revision: BigInt(number), source: 'stream', connection: { status: 'connected' } }),
      async stop() {
        const closed = new Promise((resolve) => server.close(resolve));
        if (fault === 'does not end') await new Promise(() => undefined);
        for (const socket of open) socket.end('bye\n');
        await closed;
      },
    };
  },
  onOrphaned: () => process.exit(1),
});
