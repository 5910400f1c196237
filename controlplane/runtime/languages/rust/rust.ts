import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ControlPlaneError } from '../../../errors.ts';
import type { Language } from '../language.types.ts';
import { readToml } from '../toml.ts';

const install =
  'install Rust with Cargo (https://rustup.rs, or apt-get install cargo), make sure it is on the PATH, and start the server again';

const target = 'target';
/** What is left of a build besides programs: some hundred megabytes, which the build of another version does not look at. */
const intermediate = ['.fingerprint', 'build', 'deps', 'incremental'].map((name) => `${target}/release/${name}`);

/** What the runtime reads of a Cargo.toml: https://doc.rust-lang.org/cargo/reference/manifest.html */
const schema = z.object({
  package: z
    .object({
      name: z.string(),
      'default-run': z.string().optional(),
      metadata: z.object({ micro: z.object({ name: z.string().optional() }).optional() }).optional(),
    })
    .optional(),
  bin: z.array(z.object({ name: z.string() })).default([]),
});

/** Rust, as a Cargo package. */
export const rustLanguage: Language = {
  name: 'Rust',
  marker: 'Cargo.toml',
  programs: [],
  recognises: (files) => files.has('Cargo.toml'),

  async declaredName(folder) {
    const { package: own } = await readCargoToml(folder);
    return own?.metadata?.micro?.name ?? own?.name.replaceAll('_', '-');
  },

  async buildSteps(folder) {
    const locked = existsSync(join(folder, 'Cargo.lock')) ? ['--locked'] : [];
    return [
      { file: 'cargo', arguments: ['build', '--release', ...locked, '--target-dir', target], install },
      {
        file: 'rm',
        arguments: ['-rf', ...intermediate],
        title: 'remove what only the build needed',
        install: 'install coreutils',
      },
    ];
  },

  async startCommand(folder) {
    const { package: own, bin } = await readCargoToml(folder);
    const only = bin.length === 1 ? bin[0]?.name : await onlyProgram(folder);
    const program = own?.['default-run'] ?? only ?? own?.name;
    if (program === undefined) {
      throw new ControlPlaneError(
        'invalid',
        `${folder}/Cargo.toml has no [package], so it does not say which program is the service: say it in a micro.yaml, ` +
          'for instance "command: ./target/release/greeter"',
      );
    }
    return {
      file: `./${target}/release/${program}`,
      arguments: [],
      install: 'name the program with default-run in Cargo.toml',
    };
  },
};

/**
 * The only program of a package that names none, by the layout of its files:
 * https://doc.rust-lang.org/cargo/guide/project-layout.html
 */
async function onlyProgram(folder: string): Promise<string | undefined> {
  if (existsSync(join(folder, 'src/main.rs'))) return undefined;
  const names = await readdir(join(folder, 'src/bin')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return names.length === 1 ? names[0]?.replace(/\.rs$/, '') : undefined;
}

async function readCargoToml(folder: string): Promise<z.output<typeof schema>> {
  return (await readToml(folder, 'Cargo.toml', schema)) ?? { bin: [] };
}
