import type { Command } from '../../process/group.ts';

export const installNode =
  'install Node.js with npm (https://nodejs.org, or apt-get install nodejs npm) and start the server again';

/** A call of npm that reports to nobody and looks for no news of itself. */
export function npm(...words: readonly string[]): Command {
  return {
    file: 'npm',
    arguments: words,
    environment: { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' },
    install: installNode,
  };
}
