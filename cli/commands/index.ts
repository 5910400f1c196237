import type { CommandClass } from 'clipanion';
import { CallCommand } from './call.ts';
import { ClusterTokenCommand } from './cluster-token.ts';
import { ControlPlaneCommand } from './controlplane.ts';
import { DataPlaneCommand } from './dataplane.ts';
import { DataPlaneWorkerCommand } from './dataplane-worker.ts';
import { HealthCommand } from './health.ts';
import { KillCommand } from './kill.ts';
import { LogsCommand } from './logs.ts';
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
  RunCommand,
  StatusCommand,
  LogsCommand,
  KillCommand,
  ServicesCommand,
  ServicesGetCommand,
  CallCommand,
];
