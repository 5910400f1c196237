import { execa } from 'execa';
import { ControlPlaneError } from '../../errors.ts';

/** An etcd program that can be used. */
export interface EtcdProgram {
  /** A path, or a name to be found on the PATH. */
  readonly file: string;
  /** "3.4.23" */
  readonly version: string;
}

/** Learners came with 3.4 (https://github.com/etcd-io/etcd/blob/main/CHANGELOG/CHANGELOG-3.4.md). */
const oldest = [3, 4] as const;

const advice = 'install it (`apt-get install etcd-server`, or https://github.com/etcd-io/etcd/releases)';

/**
 * Asks a program whether it is an etcd of a version that will do.
 *
 * @throws ControlPlaneError `failed` when there is none, or it is too old
 */
export async function findEtcd(file: string, environment: Readonly<Record<string, string>>): Promise<EtcdProgram> {
  const result = await execa(file, ['--version'], {
    env: environment,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: 10_000,
  });
  if (result.code === 'ENOENT') {
    const where = file.includes('/') ? 'there' : `on the PATH (${environment['PATH'] ?? ''})`;
    throw new ControlPlaneError(
      'failed',
      `a node of a cluster needs etcd, and there is no ${file} ${where}: ${advice}, or name it with --etcd-bin`,
    );
  }
  const [, version, major, minor] = /^etcd Version: ((\d+)\.(\d+)\S*)/m.exec(result.stdout ?? '') ?? [];
  if (version === undefined) {
    throw new ControlPlaneError(
      'failed',
      `${file} is no etcd that can be started: \`${file} --version\` tells no version; name another with --etcd-bin`,
    );
  }
  if (isOlder([Number(major), Number(minor)], oldest)) {
    throw new ControlPlaneError(
      'failed',
      `${file} is etcd ${version}, which is too old: it takes ${oldest.join('.')} or newer; ${advice}, or name another ` +
        'with --etcd-bin',
    );
  }
  return { file, version };
}

/** Whether a version, major and minor, comes before another. */
export function isOlder(
  [major, minor]: readonly [number, number],
  [otherMajor, otherMinor]: readonly [number, number],
) {
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
