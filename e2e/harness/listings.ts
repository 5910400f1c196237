import type { Server } from './server.ts';

/** What the listing commands print with --json, as far as tests read it. */
export interface Route {
  readonly entrypoint: 'http' | 'grpc';
  readonly route: string;
  readonly service: string;
  readonly version: string;
  readonly instances: readonly string[];
  readonly percent: number;
}

export interface Deployment {
  readonly service: string;
  readonly version: string;
  readonly source: string;
  readonly path: string;
  readonly url: string;
  readonly trouble: string;
  readonly instancesWanted: number;
  readonly canary: { readonly version: string; readonly percent: number; readonly instancesWanted: number } | null;
  readonly keptVersions: readonly string[];
  readonly instances: readonly {
    readonly id: string;
    readonly version: string;
    readonly state: string;
    readonly address: string;
    readonly pid: number;
    readonly restarts: number;
    readonly reason: string;
    readonly cpuCores: number | null;
    readonly memoryBytes: number | null;
    readonly lastEnd: { readonly reason: string; readonly time: string; readonly lines: readonly string[] } | null;
  }[];
}

export interface Node {
  readonly name: string;
  readonly address: string;
  readonly role: 'leader' | 'member' | 'learner' | 'single';
  readonly up: boolean;
  readonly instances: number;
  readonly version: string;
}

export interface Service {
  readonly name: string;
  readonly version: string;
  readonly instances: readonly { readonly id: string; readonly address: string }[];
}

/** The processes of everything that runs. */
export async function pids(server: Server): Promise<readonly number[]> {
  const deployments = await server.list<Deployment>('status');
  return deployments.flatMap(({ instances }) => instances.map(({ pid }) => pid));
}
