import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'clipanion';
import { readSnapshot } from '../../controlplane/backup/snapshot-file.ts';
import { BackupClient, type SaveSnapshotResponse } from '../../proto/gen/micro/cluster/v1/backup.ts';
import { ClientCommand, type Server } from '../client-command.ts';

export class ClusterSnapshotSaveCommand extends ClientCommand {
  static override paths = [['cluster', 'snapshot', 'save']];
  static override usage = Command.Usage({
    category: 'Server',
    description: 'write what the store keeps to a file',
    details: `
      Deployments with their environment, which may hold secrets: the file is for its owner alone. Sources and builds are not in it.
      What is registered for as long as it lives is not either.
    `,
    examples: [['Back up', 'micro cluster snapshot save backup.json']],
  });

  file = Option.String();

  protected override async call(server: Server): Promise<void> {
    const begun = `${this.file}.part`;
    try {
      const contents = server.client(BackupClient).saveSnapshot({}) as AsyncIterable<SaveSnapshotResponse>;
      await pipeline(contents, bytesOf, createWriteStream(begun, { mode: 0o600, flush: true }));
      const { entries } = await readSnapshot(begun);
      await rename(begun, this.file);
      this.print(`${this.file} has what the store keeps (keys: ${entries.length})`);
    } catch (error) {
      await rm(begun, { force: true });
      throw error;
    }
  }
}

async function* bytesOf(contents: AsyncIterable<SaveSnapshotResponse>): AsyncGenerator<Uint8Array> {
  for await (const { content } of contents) yield content;
}
