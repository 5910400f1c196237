import { onTestFinished, test, expect } from 'vitest';
import { makeFolder, writeFiles } from '../../runtime.fixture.ts';
import { serveFiles } from './serve-files.ts';

test('a folder is served, but for what is hidden or not there', async () => {
  const folder = await makeFolder();
  onTestFinished(() => folder.remove());
  await writeFiles(folder.path, {
    'index.html': 'hello',
    'a/b.css': 'p {}',
    '.env': 'SECRET=1',
    'micro.yaml': 'env: {}',
  });
  const server = await serveFiles({ folder: folder.path, host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      headers: { connection: 'close' },
    });
    return [response.status, response.headers.get('content-type'), await response.text()];
  };

  expect(await ask('/')).toEqual([200, 'text/html;charset=utf-8', 'hello']);
  expect(await ask('/a/b.css')).toEqual([200, 'text/css', 'p {}']);
  for (const path of ['/.env', '/micro.yaml', '/micro%2eyaml', '/micro.yaml/', '/%2e%2e/etc/passwd', '/none', '/%zz']) {
    expect((await ask(path))[0]).toBe(404);
  }
  expect((await ask('/', 'POST'))[0]).toBe(405);
});
