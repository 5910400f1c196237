import type { CommandClass } from 'clipanion';
import { CallCommand } from './call.ts';
import { ClusterSnapshotRestoreCommand } from './cluster-snapshot-restore.ts';
import { ClusterSnapshotSaveCommand } from './cluster-snapshot-save.ts';
import { ClusterTokenCommand } from './cluster-token.ts';
import { ControlPlaneCommand } from './controlplane.ts';
import { DataPlaneCommand } from './dataplane.ts';
import { DataPlaneWorkerCommand } from './dataplane-worker.ts';
import { HealthCommand } from './health.ts';
import { KillCommand } from './kill.ts';
import { LogsCommand } from './logs.ts';
import { NewCommand } from './new.ts';
import { PromoteCommand } from './promote.ts';
import { RollbackCommand } from './rollback.ts';
import { NodesAddCommand } from './nodes-add.ts';
import { NodesListCommand } from './nodes-ls.ts';
import { NodesPromoteCommand } from './nodes-promote.ts';
import { NodesRemoveCommand } from './nodes-remove.ts';
import { RoutesListCommand } from './routes-ls.ts';
import { RunCommand } from './run.ts';
import { ServerCommand } from './server.ts';
import { ServicesGetCommand } from './services-get.ts';
import { ServicesCommand } from './services.ts';
import { StatusCommand } from './status.ts';
import { UpdateCommand } from './update.ts';

/** Every command, in the order of the help. */
export const commands: readonly CommandClass[] = [
  ServerCommand,
  ControlPlaneCommand,
  DataPlaneCommand,
  DataPlaneWorkerCommand,
  HealthCommand,
  NodesListCommand,
  NodesAddCommand,
  NodesRemoveCommand,
  NodesPromoteCommand,
  ClusterTokenCommand,
  RoutesListCommand,
  NewCommand,
  RunCommand,
  UpdateCommand,
  RollbackCommand,
  PromoteCommand,
  StatusCommand,
  LogsCommand,
  KillCommand,
  ServicesCommand,
  ServicesGetCommand,
  CallCommand,
  ClusterSnapshotSaveCommand,
  ClusterSnapshotRestoreCommand,
];
