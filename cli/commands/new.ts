import { relative, resolve } from 'node:path';
import { Command, Option } from 'clipanion';
import { MicroCommand } from '../micro-command.ts';
import { makeFolder } from '../new/make-folder.ts';
import { describeNewService, languages } from '../new/new-service.ts';
import { flag, readSettings } from '../settings/setting.ts';
import { controlPlaneSettings } from '../settings/settings.ts';

const settings = { namespace: controlPlaneSettings.namespace };

export class NewCommand extends MicroCommand {
  static override paths = [['new']];
  static override usage = Command.Usage({
    category: 'Services',
    description: 'make a service to start from',
    details: `
      Makes a folder with a small service in it that micro run runs as it is. Its kind says where it is called: at /service/,
      /api/ or /web/; a web service has a page.
    `,
    examples: [
      ['A service in TypeScript', 'micro new greeter'],
      ['A web page, served by Go', 'micro new blog --kind web --lang go'],
    ],
  });

  language = Option.String('--lang', 'ts', { description: 'ts, js, go or python (default: ts)' });
  kind = Option.String('--kind', 'service', { description: 'service, api or web (default: service)' });
  namespace = flag(settings.namespace);
  name = Option.String();

  protected override async run(): Promise<void> {
    const { namespace } = readSettings(settings, this, this.context.env);
    const { name, language, kind } = this;
    const service = describeNewService({ name, language, kind, namespace });
    const folder = resolve(name);
    await makeFolder(folder, service);
    const from = relative('.', folder);
    this.print(`${from}/ holds ${service.service}, in ${languages[service.language]}. Bring it up with`);
    this.print(`  micro run ${from} --watch`);
  }
}
