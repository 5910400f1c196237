import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How an instance behaves from now on. */
type Fault = 'none' | 'resetting' | 'garbage' | 'refusing';

/** An instance in a process of its own, which can be told to misbehave. */
export interface FaultyInstance extends AsyncDisposable {
  /** "127.0.0.1:41234" */
  readonly address: string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the instance behaves so. */
  behave(fault: Fault): Promise<void>;
}

/**
 * - `none`: answers every request
 * - `resetting`: resets the connection after the first bytes of the head of an answer
 * - `garbage`: answers what is no HTTP
 * - `refusing`: does not listen, and resets its connections
 */
const source = `
const net = require('node:net');
const sockets = new Set();
let fault = 'none';
const server = net.createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  let text = '';
  socket.on('data', (bytes) => {
    for (text += bytes.toString('latin1'); text.includes('\\r\\n\\r\\n'); text = text.slice(text.indexOf('\\r\\n\\r\\n') + 4)) {
      if (fault === 'garbage') socket.end('no such thing as HTTP\\r\\n\\r\\n');
      else if (fault === 'resetting') socket.write('HTTP/1.1 200 O', () => socket.resetAndDestroy());
      else socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok');
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  console.log(port);
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const wasRefusing = fault === 'refusing';
    fault = line;
    const done = () => console.log(fault);
    if (fault === 'refusing') {
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
      done();
    } else if (wasRefusing) server.listen(port, '127.0.0.1', done);
    else done();
  });
});
`;

/** Starts an instance that answers "ok". */
export async function startFaultyInstance(): Promise<FaultyInstance> {
  const child: ChildProcess = spawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [port] = await once(lines, 'line');
  return {
    address: `127.0.0.1:${port}`,
    kill: (signal) => void child.kill(signal),
    async behave(fault) {
      const done = once(lines, 'line');
      child.stdin?.write(`${fault}\n`);
      await done;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
