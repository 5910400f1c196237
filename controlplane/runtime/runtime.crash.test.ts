import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startRealEtcd } from '../etcd/contract/real-etcd.ts';
import { readProcess } from './process/table.ts';
import { makeFolder, startFixture, writeFiles } from './runtime.fixture.ts';
import { startServer } from './server.fixture.ts';

const runs = (pid: number): boolean => readProcess(pid)?.zombie === false;

test('a runtime ends what a killed one left behind, wherever it hid, and starts what should run', async () => {
  const etcd = await startRealEtcd();
  onTestFinished(() => etcd.stop());
  const folder = await makeFolder();
  onTestFinished(() => folder.remove());
  const path = await writeFiles(join(folder.path, 'source'), {
    'package.json': { name: 'stubborn', scripts: { start: 'node server.js' } },
    // One child in its group, one in a session of its own; and it does not end on SIGTERM.
    'server.js': `
      const { spawn } = require('node:child_process');
      const near = spawn('sleep', ['1000']);
      const far = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
      process.on('SIGTERM', () => {});
      require('node:http')
        .createServer((_, response) => response.end([process.pid, near.pid, far.pid].join(' ')))
        .listen(process.env.PORT, '127.0.0.1');
    `,
  });
  const options = { etcd: etcd.host, folder: folder.path, limits: { stopGraceMs: 300, reconnectMs: 100 } };

  const server = await startServer({ ...options, path });
  const address = server.status.instances[0]?.state.process?.address;
  const answer = await (await fetch(`http://${address}/`)).text();
  const pids = answer.split(' ').map(Number);
  server.process.kill('SIGKILL');
  await once(server.process, 'exit');
  expect(pids.map(runs)).toEqual([true, true, true]);

  const fixture = await startFixture(options);
  onTestFinished(() => fixture.stop());
  const restored = await vi.waitFor(
    async () => {
      const [status] = await fixture.runtime.status();
      expect(status?.instances).toMatchObject([{ state: { status: 'ready' } }]);
      return status;
    },
    { timeout: 15_000, interval: 20 },
  );
  await vi.waitFor(() => expect(pids.map(runs)).toEqual([false, false, false]), { timeout: 15_000, interval: 20 });
  await vi.waitFor(async () => {
    expect(Object.values(await fixture.registered())).toEqual([restored?.instances[0]?.state.process?.address]);
  });
});
