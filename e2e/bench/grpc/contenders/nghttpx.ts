import { freeAddress } from '../../../harness/free-address.ts';
import type { Contender } from '../../proxies/contender.types.ts';
import { startProgram } from '../../proxies/program.ts';

export const nghttpx: Contender = {
  name: 'nghttpx',
  title: 'nghttpx',
  async start({ instance, core }) {
    const address = await freeAddress();
    const command = [
      'nghttpx',
      '--conf=/dev/null',
      `--frontend=${address.replace(':', ',')};no-tls`,
      `--backend=${instance.replace(':', ',')};;proto=h2`,
      '--workers=1',
      '--single-process',
      '--log-level=ERROR',
    ] as const;
    return startProgram({ command: [...command], address, core });
  },
};
