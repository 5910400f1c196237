#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runCli } from './cli.ts';

const { env, stdin, stdout, stderr } = process;
// Beside dist/, where this runs.
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
process.exitCode = await runCli(process.argv.slice(2), version, { env, stdin, stdout, stderr });
