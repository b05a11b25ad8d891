import { posix } from 'node:path';
import type { Docker } from '../docker/client.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { Target } from '../target/target.ts';
import { ContainerLauncher, type LauncherMounts } from './launcher-container.ts';
import { elsewhereLauncher } from './launcher-elsewhere.ts';
import { LocalLauncher } from './launcher-local.ts';
import type { LauncherSpec, ServerLauncher } from './server-launcher.ts';
import { socketDirectoryOf } from './socket-directory.ts';

export async function openLauncher(
  spec: LauncherSpec,
  target: Target,
  runId: string,
  ports: { readonly docker: () => Promise<Docker> },
): Promise<ServerLauncher> {
  if (spec.kind === 'container') {
    const mounts = await containerMounts(spec, target, runId);
    return new ContainerLauncher({ docker: await ports.docker(), spec, mounts, runId });
  }
  if (spec.kind === 'elsewhere') return elsewhereLauncher(spec);
  if (target.spec.kind !== 'data-directory') {
    throw new OdoError('PRECONDITION_FAILED', 'A server of this host cannot recover a Docker volume.', {
      hint: 'Name an image with PostgreSQL of the right major with --image.',
    });
  }
  const workDirectory = await workPath(target, runId);
  const socketDirectory = socketDirectoryOf(workDirectory, runId);
  const paths = { dataDirectory: target.spec.path, workDirectory, socketDirectory };
  return new LocalLauncher({ binDir: spec.binDir, owner: spec.owner, paths, runId });
}

async function containerMounts(
  spec: Extract<LauncherSpec, { kind: 'container' }>,
  target: Target,
  runId: string,
): Promise<LauncherMounts> {
  const volumes = target.mounts(runId);
  if (volumes !== null) {
    const { volume, subpath } = volumes.data;
    if (posix.join(spec.mountPoint, subpath) !== spec.pgdata) {
      throw new OdoError('BUG', `${subpath} of a volume at ${spec.mountPoint} is not ${spec.pgdata}.`);
    }
    return {
      data: { type: 'volume', source: volume, destination: spec.mountPoint },
      work: { type: 'volume', source: volumes.work.volume },
    };
  }
  if (target.spec.kind !== 'data-directory') throw new OdoError('BUG', 'A volume does not tell its mounts.');
  return {
    data: { type: 'bind', source: target.spec.path, destination: spec.pgdata },
    work: { type: 'bind', source: await workPath(target, runId) },
  };
}

async function workPath(target: Target, runId: string): Promise<string> {
  const { localPath } = await target.workTree(runId);
  if (localPath === null)
    throw new OdoError('BUG', 'The work directory beside a data directory has no path.');
  return localPath;
}
