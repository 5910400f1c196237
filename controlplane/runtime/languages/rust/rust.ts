import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ControlPlaneError } from '../../../errors.ts';
import type { Language } from '../language.types.ts';
import { readToml } from '../toml.ts';

const install =
  'install Rust with Cargo (https://rustup.rs, or apt-get install cargo), make sure it is on the PATH, and start the server again';

const target = 'target';

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
    return [{ file: 'cargo', arguments: ['build', '--release', ...locked, '--target-dir', target], install }];
  },

  async startCommand(folder) {
    const { package: own, bin } = await readCargoToml(folder);
    const only = bin.length === 1 ? bin[0]?.name : undefined;
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

async function readCargoToml(folder: string): Promise<z.output<typeof schema>> {
  return (await readToml(folder, 'Cargo.toml', schema)) ?? { bin: [] };
}
