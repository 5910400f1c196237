import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const answering = (text: string) =>
  `require('node:http').createServer((_, response) => response.end('${text}')).listen(process.env.PORT, '127.0.0.1');\n`;

/** Writes text files into a folder, and the folders that are missing. */
export async function writeFolder(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** Writes the source of a small service that answers `text`; `files` are added to it, or stand in the place of its own. */
export async function writeService(
  folder: string,
  text: string,
  packageJson: object = {},
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  await writeFolder(folder, { 'package.json': JSON.stringify(packageJson), 'server.js': answering(text), ...files });
  return folder;
}
