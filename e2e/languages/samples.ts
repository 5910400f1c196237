import { execa } from 'execa';
import { join } from 'node:path';
import { writeFolder } from '../harness/service-folder.ts';

/** The files of a service that answers every request with `text`. */
export type Sample = (text: string) => Readonly<Record<string, string>>;

const json = (value: object): string => JSON.stringify(value);

const nodeServer = (text: string) => `
  import { createServer } from 'node:http';
  createServer((_, response) => response.end(${text})).listen(process.env.PORT, '127.0.0.1');
`;

const goServer = (text: string) => `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, ${text}) })
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
`;

const pythonServer = (text: string) => `
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(${text}.encode())

port = sys.argv[1] if len(sys.argv) > 1 else os.environ['PORT']
http.server.HTTPServer(('127.0.0.1', int(port)), Handler).serve_forever()
`;

const rustServer = (text: string) => `
use std::io::{Read, Write};

fn main() {
    let address = format!("127.0.0.1:{}", std::env::var("PORT").unwrap());
    for stream in std::net::TcpListener::bind(address).unwrap().incoming() {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let text = ${text};
        let _ = write!(stream, "HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: {}\\r\\n\\r\\n{}", text.len(), text);
    }
}
`;

const words: Sample = (text) => ({
  'words/package.json': json({ name: 'words', version: '1.0.0', main: 'index.js' }),
  'words/index.js': `module.exports = '${text}';\n`,
});

export const samples: Readonly<Record<string, Sample>> = {
  'Node.js, by npm and its lock file': (text) => ({
    ...words(text),
    'package.json': json({
      name: 'hello',
      version: '1.0.0',
      dependencies: { words: 'file:words' },
      scripts: { start: 'node server.mjs' },
    }),
    'package-lock.json': json({
      name: 'hello',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: {
        '': { name: 'hello', version: '1.0.0', dependencies: { words: 'file:words' } },
        'node_modules/words': { resolved: 'words', link: true },
        words: { version: '1.0.0' },
      },
    }),
    'server.mjs': `import words from 'words';\n${nodeServer('words')}`,
  }),
  'TypeScript, by its build script': (text) => ({
    'package.json': json({
      name: 'hello',
      type: 'module',
      main: 'dist/server.js',
      scripts: { build: 'tsc --outDir dist --module nodenext --target es2022 --strict server.ts node.d.ts' },
      devDependencies: { typescript: '5.9.3' },
    }),
    'node.d.ts': `
      declare const process: { env: Record<string, string | undefined> };
      declare module 'node:http' {
        interface Response { end(text: string): void }
        export function createServer(answer: (request: unknown, response: Response) => void): {
          listen(port: string | undefined, host: string): void;
        };
      }
    `,
    'server.ts': `const text: string = '${text}';\n${nodeServer('text')}`,
  }),
  'Go, as a module': (text) => ({
    'go.mod': 'module hello\n',
    'main.go': goServer(`"${text}"`),
  }),
  'Go, as plain files': (text) => ({
    'main.go': goServer('words()'),
    'words.go': `package main\n\nfunc words() string { return "${text}" }\n`,
  }),
  'Go, as a workspace': (text) => ({
    'go.work': 'go 1.18\n\nuse (\n\t./server // the program\n\t./words\n)\n',
    'server/go.mod': 'module example.com/server\n\ngo 1.18\n',
    'server/main.go': goServer('words.Text').replace('"os"', '"os"\n\n\t"example.com/words"'),
    'words/go.mod': 'module example.com/words\n\ngo 1.18\n',
    'words/words.go': `package words\n\nconst Text = "${text}"\n`,
  }),
  'Python, by main.py': (text) => ({ 'main.py': pythonServer(`"${text}"`) }),
  'Rust, by Cargo.toml': (text) => ({
    'Cargo.toml': '[package]\nname = "hello"\nversion = "1.0.0"\nedition = "2021"\n',
    'src/main.rs': rustServer(`"${text}"`),
  }),
  'a static site': (text) => ({ 'index.html': text }),
  'a Procfile': (text) => ({
    Procfile: '# what serves\nweb: exec python3 -u bin/serve.py "$PORT"\nworker: false\n',
    'bin/serve.py': pythonServer(`"${text}"`),
  }),
  'a micro.yaml that says all': (text) => ({
    'micro.yaml': `build: echo ${text} > text\ncommand: [python3, serve.py]\nprotocol: http\nhealth: /\n`,
    'serve.py': pythonServer('open("text").read().strip()'),
  }),
};

const makeWheel = `
import sys, zipfile
path, text = sys.argv[1:]
with zipfile.ZipFile(path, 'w') as wheel:
    info = 'words-1.0.dist-info/'
    wheel.writestr('words.py', 'text = ' + repr(text))
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: words\\nVersion: 1.0\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', 'words.py,,\\n' + info + 'METADATA,,\\n' + info + 'WHEEL,,\\n' + info + 'RECORD,,\\n')
`;

/** Writes a Python service whose text comes from a package, which its requirements have in a file of the source. */
export async function writePythonWithPackage(folder: string, text: string): Promise<void> {
  await writeFolder(folder, {
    'requirements.txt': './words-1.0-py3-none-any.whl\n',
    'app.py': `import words\n${pythonServer('words.text')}`,
  });
  await execa('python3', ['-c', makeWheel, join(folder, 'words-1.0-py3-none-any.whl'), text]);
}
