import type { CommandClass } from 'clipanion';
import { CallCommand } from './call.ts';
import { ClusterSnapshotRestoreCommand } from './cluster-snapshot-restore.ts';
import { ClusterSnapshotSaveCommand } from './cluster-snapshot-save.ts';
import { ControlPlaneCommand } from './controlplane.ts';
import { DataPlaneCommand } from './dataplane.ts';
import { DataPlaneWorkerCommand } from './dataplane-worker.ts';
import { HealthCommand } from './health.ts';
import { KillCommand } from './kill.ts';
import { LogsCommand } from './logs.ts';
import { RoutesListCommand } from './routes-ls.ts';
import { RunCommand } from './run.ts';
import { ServerCommand } from './server.ts';
import { ServicesGetCommand } from './services-get.ts';
import { ServicesCommand } from './services.ts';
import { StatusCommand } from './status.ts';

/** Every command, in the order of the help. */
export const commands: readonly CommandClass[] = [
  ServerCommand,
  ControlPlaneCommand,
  DataPlaneCommand,
  DataPlaneWorkerCommand,
  HealthCommand,
  RoutesListCommand,
  RunCommand,
  StatusCommand,
  LogsCommand,
  KillCommand,
  ServicesCommand,
  ServicesGetCommand,
  CallCommand,
  ClusterSnapshotSaveCommand,
  ClusterSnapshotRestoreCommand,
];
