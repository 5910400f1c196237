import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freeAddress } from '../../harness/free-address.ts';
import { temporaryPaths } from '../proxies/nginx.ts';
import { type Program, startProgram } from '../proxies/program.ts';
import { chunked, download, filling, medium, small, upload } from './exchange.ts';

/**
 * Starts the instance behind every proxy: an nginx that answers each exchange out of memory, and tells in headers what
 * it was asked (`x-seen-path`, `x-seen-bytes`: the whole request's).
 */
export async function startInstance(core: number, folder: string): Promise<Program> {
  const address = await freeAddress();
  const answers = join(folder, 'answers');
  await mkdir(answers, { recursive: true });
  for (const bytes of [0, small.answerBytes, medium.answerBytes, download.answerBytes])
    await writeFile(join(answers, String(bytes)), filling.repeat(bytes));
  await writeFile(join(folder, 'nginx.conf'), configuration({ folder, address, answers }));
  return startProgram({
    command: ['nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'stderr'],
    address,
    core,
    // Bodies of 10 MiB come and go: their memory stays with the process.
    env: { MALLOC_TRIM_THRESHOLD_: String(2 ** 30), MALLOC_MMAP_MAX_: '0' },
  });
}

/**
 * A body has to be read before it is answered: a proxy does not use a connection again that was answered before the
 * request was over. nginx reads bodies that it passes on, so they are mirrored to nowhere; and it refuses to answer a
 * POST with a file, so the refusal is turned into the file.
 */
function configuration({ folder, address, answers }: { folder: string; address: string; answers: string }): string {
  const file = (bytes: number) => `internal; alias ${answers}/${bytes};`;
  const reading = (bufferBytes: number, answer: string) =>
    `mirror /nowhere; client_body_buffer_size ${bufferBytes}; error_page 405 =200 ${answer};
      alias ${answers}/${small.answerBytes};`;
  return `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections 16384; }
http {
  access_log off;
  sendfile on;
  open_file_cache max=16 inactive=1h;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  ${temporaryPaths(folder)}
  default_type text/plain;
  server {
    listen ${address} backlog=4096;
    add_header x-seen-path $request_uri;
    add_header x-seen-bytes $request_length;
    location = ${small.path} { return 200 "${filling.repeat(small.answerBytes)}"; }
    location = ${medium.path} { ${reading(4 * medium.bodyBytes, '/answer/medium')} }
    location = ${chunked.path} { ${reading(4 * chunked.bodyBytes, '/answer/chunked')} }
    location = ${download.path} { alias ${answers}/${download.answerBytes}; }
    location = ${upload.path} { ${reading(upload.bodyBytes + 65536, '/answer/upload')} }
    location = /nowhere { internal; return 204; }
    location = /answer/medium { ${file(medium.answerBytes)} }
    # With something after it, be it nothing, the length of an answer is unknown.
    location = /nothing { internal; alias ${answers}/0; }
    location = /answer/chunked { addition_types *; add_after_body /nothing; ${file(chunked.answerBytes)} }
    location = /answer/upload { ${file(upload.answerBytes)} }
  }
}
`;
}
