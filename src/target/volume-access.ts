import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Docker, VolumeInspectInfo } from '../docker/client.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { TargetSpec } from './target.ts';

export type VolumeSpec = Extract<TargetSpec, { kind: 'docker-volume' }>;

export type VolumeAccess =
  | { readonly kind: 'direct'; readonly path: string }
  /** `because`: what speaks against writing directly; null when it was asked for. */
  | { readonly kind: 'engine'; readonly because: string | null };

/** How entries get into a volume; `volume` is null while it does not exist. */
export async function volumeAccess(
  docker: Docker,
  spec: Pick<VolumeSpec, 'volume' | 'access'>,
  volume: VolumeInspectInfo | null,
): Promise<VolumeAccess> {
  if (spec.access === 'engine') return { kind: 'engine', because: null };
  const { path, obstacle } = await localPathOf(docker, volume, spec.access);
  if (obstacle === null) return { kind: 'direct', path };
  if (spec.access === 'auto') return { kind: 'engine', because: obstacle };
  throw new OdoError(
    'PRECONDITION_FAILED',
    `The volume ${spec.volume} cannot be written directly: ${obstacle}.`,
    {
      hint: 'Let odo go through the engine, or run it as root on the machine of the engine.',
      details: { volume: spec.volume, path },
    },
  );
}

/** Where the volume (or, before it exists, its parent) is on this machine, and what speaks against writing there. */
async function localPathOf(
  docker: Docker,
  volume: VolumeInspectInfo | null,
  access: 'auto' | 'direct',
): Promise<{ path: string; obstacle: string | null }> {
  const engine = await docker.info();
  const path = volume?.Mountpoint ?? join(engine.rootDirectory, 'volumes');
  const because = (obstacle: string | null) => ({ path, obstacle });
  if (!docker.isLocal) return because(`the engine at ${docker.address} is not on this machine`);
  // A socket can be forwarded, and this machine may have a volume of that name too.
  if (access === 'auto' && engine.hostName !== hostname()) {
    return because(`the engine runs on ${engine.hostName}, odo on ${hostname()}`);
  }
  if (engine.remapsUsers) return because('uids in the containers of the engine are others outside');
  if (volume && volume.Driver !== 'local') return because(`its driver is ${volume.Driver}`);
  // An NFS or tmpfs volume is mounted only while a container uses it.
  if (Object.keys(volume?.Options ?? {}).length > 0) return because('it has mount options of its own');
  const isWritable = await fs.access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return because(isWritable ? null : `${path} is not writable for odo`);
}
