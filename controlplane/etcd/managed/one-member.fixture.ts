import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { pino } from 'pino';
import { makeNodeCredentials } from '../../cluster/credentials/node-credentials.ts';
import { Ports } from '../../runtime/instance/port.ts';
import { connectEtcd } from '../client/connect.ts';
import { connectMembers } from '../client/members.ts';
import { startManagedMember } from './member.ts';
import { findEtcd } from './program.ts';

/** What programs get of the environment. */
export const environment = { PATH: process.env['PATH'] ?? '' };

/** A temporary folder, what is started in it, and what that logs. Everything ends with it. */
export class Place implements AsyncDisposable {
  readonly stack = new AsyncDisposableStack();
  readonly lines: { readonly level: number; readonly msg: string }[] = [];
  readonly log = pino({ level: 'debug' }, { write: (line) => void this.lines.push(JSON.parse(line)) });
  readonly folder: string;
  /** That of the processes of its member. */
  readonly mark: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.mark = `${folder}:etcd`;
    this.stack.defer(() => rm(folder, { recursive: true }));
  }

  static async make(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'micro-member-')));
  }

  /**
   * Starts a cluster of one member, with a client of it, and one without a certificate.
   *
   * @param file instead of a real etcd
   */
  async startMember(file?: string) {
    const { stack, folder, mark, log } = this;
    const program = file === undefined ? await findEtcd('etcd', environment) : { file, version: '3.4.0' };
    const names = { clusterToken: 'x'.repeat(40), node: 'one', hosts: ['127.0.0.1'] };
    const made = await makeNodeCredentials({ ...names, folder: join(folder, 'tls'), log });
    const { channel: tls, files } = stack.adopt(made, (credentials) => credentials.stop());
    const ports = new Ports('127.0.0.1');
    const listenClients = { host: '127.0.0.1', port: await ports.take() };
    const listenPeers = { host: '127.0.0.1', port: await ports.take() };
    const self = { name: 'one@127.0.0.1:8083', peerUrl: `https://127.0.0.1:${listenPeers.port}` };
    const plan = { clusterName: 'test', members: [self] };
    const starting = startManagedMember({
      program,
      settings: {
        ...self,
        folder: join(folder, 'etcd'),
        listenPeers,
        listenClients,
        tls: files,
        initial: { ...plan, existing: false },
      },
      environment,
      mark,
      log,
    });
    const member = stack.adopt(await starting, (member) => member.stop());
    const hosts = [`127.0.0.1:${listenClients.port}`];
    const client = stack.adopt(connectEtcd({ hosts, tls }), (client) => client.close());
    const stranger = stack.adopt(connectEtcd({ hosts, timeoutMs: 2_000 }), (client) => client.close());
    const members = stack.adopt(connectMembers(listenClients, tls), (members) => members.close());
    return { member, client, stranger, members, self, plan };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}
