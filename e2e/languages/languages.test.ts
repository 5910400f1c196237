import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../harness/test.ts';

const python = `
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'Python')

http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
`;

const go = `package main

import ("fmt"; "net/http"; "os")

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Go") })
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
`;

test.for([
  ['Python', 'main.py', { 'main.py': python }],
  ['Python', 'a Procfile', { Procfile: 'web: python3 -u serve.py', 'serve.py': python }],
  [
    'Python',
    'a micro.yaml',
    { 'micro.yaml': 'command: [python3, serve.py]\nprotocol: http\nhealth: /', 'serve.py': python },
  ],
  ['Go', 'a module', { 'go.mod': 'module hello\n', 'main.go': go }],
  ['static', 'index.html', { 'index.html': 'static' }],
] as const)('%s, by %s, is built, started and routed to', async ([answer, _by, files], { server, folder }) => {
  const source = join(folder, 'hello');
  await mkdir(source);
  for (const [name, content] of Object.entries(files)) await writeFile(join(source, name), content);

  await server.succeed('run', source);
  expect(await (await fetch(server.url('/service/hello/'))).text()).toBe(answer);
  await server.succeed('kill', 'hello');
});
