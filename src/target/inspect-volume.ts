import { randomUUID } from 'node:crypto';
import { join } from 'node:path/posix';
import type { Docker, VolumeInspectInfo } from '../docker/client.ts';
import { errorCode, OdoError } from '../errors/odo-error.ts';
import { type Contents, describeContents, noContents } from './contents.ts';
import { DirectTree } from './direct-tree.ts';
import { EngineTree } from './engine-tree.ts';
import { deviceOf } from './existing-part.ts';
import { HelperContainer } from './helper-container.ts';
import { freeSpace, numbersOf } from './helper-scripts.ts';
import { containersUsing, type LiveUser, serversIn } from './live-users.ts';
import { insideDataDirectory } from './refusal.ts';
import { findSubpath } from './subpath.ts';
import type { TargetFacts } from './target.ts';
import type { Tree } from './tree.ts';
import { splitTreePath } from './tree-path.ts';
import { type VolumeAccess, type VolumeSpec, volumeAccess } from './volume-access.ts';

type Seen = Contents & Pick<TargetFacts, 'freeBytes' | 'usedBytes' | 'fileSystem' | 'refusal'>;

/** What is in a volume now, without changing it (a helper that only looks mounts it read-only). */
export async function inspectVolume(
  docker: Docker,
  spec: VolumeSpec,
  signal: AbortSignal,
): Promise<TargetFacts> {
  const volume = await docker.volumes.inspect(spec.volume, signal);
  const access = await volumeAccess(docker, spec, volume);
  const seen = await look(docker, spec, volume, access);
  signal.throwIfAborted();
  const isLookedInto = access.kind === 'direct' && volume !== null && seen.refusal === null;
  const dataDirectory = isLookedInto ? await findSubpath(access.path, spec.subpath) : null;
  return {
    description: spec.subpath === '' ? `volume ${spec.volume}` : `volume ${spec.volume}/${spec.subpath}`,
    exists: volume !== null,
    location: join(volume?.Mountpoint ?? `/volume ${spec.volume}`, spec.subpath),
    access: access.kind,
    liveUsers: volume === null ? [] : await liveUsersOf(docker, volume, dataDirectory, signal),
    ...seen,
  };
}

async function look(
  docker: Docker,
  spec: VolumeSpec,
  volume: VolumeInspectInfo | null,
  access: VolumeAccess,
): Promise<Seen> {
  if (access.kind === 'direct') return lookDirectly(spec, volume, access.path);
  const image = spec.helperImage;
  if (image === null || (await docker.images.inspect(image)) === null) return unseen(spec, volume, image);
  const helper = new HelperContainer(docker, {
    name: `odo-inspect-${randomUUID().slice(0, 8)}`,
    volume: volume === null ? null : spec.volume,
    image,
    runId: null,
  });
  try {
    return volume === null ? await lookAtEngine(helper) : await lookThrough(helper, spec);
  } finally {
    await helper.remove();
  }
}

async function lookDirectly(spec: VolumeSpec, volume: VolumeInspectInfo | null, path: string): Promise<Seen> {
  const [freeBytes, fileSystem] = [await new DirectTree(path).freeBytes(), await deviceOf(path)];
  const empty = { ...noContents, freeBytes, usedBytes: 0, fileSystem, refusal: null };
  if (volume === null) return empty;
  return unlessRefused(empty, async () => {
    const above = await dataDirectoryAbove(spec, (subpath) => new DirectTree(join(path, subpath)));
    if (above !== null) return { ...empty, refusal: above };
    const root = await findSubpath(path, spec.subpath);
    if (root === null) return empty;
    const tree = new DirectTree(root);
    return { ...empty, ...(await describeContents(tree)), usedBytes: await tree.usedBytes() };
  });
}

async function lookThrough(helper: HelperContainer, spec: VolumeSpec): Promise<Seen> {
  const whole = new EngineTree(helper, '', 'leave');
  const [freeBytes, fileSystem] = [await whole.freeBytes(), await whole.device()];
  const empty = { ...noContents, freeBytes, usedBytes: 0, fileSystem, refusal: null };
  return unlessRefused(empty, async () => {
    const above = await dataDirectoryAbove(spec, (subpath) => new EngineTree(helper, subpath, 'leave'));
    if (above !== null) return { ...empty, refusal: above };
    const tree = new EngineTree(helper, spec.subpath, 'leave');
    return { ...empty, ...(await describeContents(tree)), usedBytes: await tree.usedBytes() };
  });
}

/** A volume that is not there yet will be where the engine keeps its containers' file systems. */
async function lookAtEngine(helper: HelperContainer): Promise<Seen> {
  const [blocks, blockBytes] = numbersOf(await helper.run(freeSpace, ['/']));
  return { ...noContents, freeBytes: blocks * blockBytes, usedBytes: 0, fileSystem: null, refusal: null };
}

/** Why the subpath is refused: a directory above it in the volume is a data directory. */
async function dataDirectoryAbove(
  { subpath, volume }: VolumeSpec,
  treeOf: (subpath: string) => Tree,
): Promise<string | null> {
  const parts = splitTreePath(subpath);
  for (const depth of parts.keys()) {
    const above = parts.slice(0, depth).join('/');
    if ((await treeOf(above).readFile('PG_VERSION', 64)) === null) continue;
    return insideDataDirectory(`volume ${volume}/${subpath}`, `volume ${[volume, above].join('/')}`);
  }
  return null;
}

/** A path that no restore may go through is a fact about the target, not a failure to look at it. */
async function unlessRefused(otherwise: Seen, action: () => Promise<Seen>): Promise<Seen> {
  try {
    return await action();
  } catch (error) {
    if (errorCode(error) !== 'ENTRY_REFUSED') throw error;
    return {
      ...otherwise,
      holds: 'other-files',
      refusal: error instanceof OdoError ? error.message : String(error),
    };
  }
}

/** Without an image odo cannot look into the volume, and could not write it either. */
function unseen(spec: VolumeSpec, volume: VolumeInspectInfo | null, image: string | null): Seen {
  const missing =
    image === null
      ? 'no image is known for a helper container'
      : `the engine does not have the image ${image}`;
  return {
    ...noContents,
    holds: volume === null ? 'nothing' : 'other-files',
    freeBytes: 0,
    usedBytes: 0,
    fileSystem: null,
    refusal: `The volume ${spec.volume} can only be reached through the engine, and ${missing}.`,
  };
}

async function liveUsersOf(
  docker: Docker,
  volume: VolumeInspectInfo,
  dataDirectory: string | null,
  signal: AbortSignal,
): Promise<LiveUser[]> {
  const users = await containersUsing(docker, { volume: volume.Name, path: volume.Mountpoint }, signal);
  // A volume of another directory of the host: its mount point shows it only while a container uses it.
  const device = boundDirectory(volume);
  if (users.length === 0 && device !== null)
    users.push(...(await containersUsing(docker, { path: device }, signal)));
  return users.length > 0 || dataDirectory === null ? users : serversIn(dataDirectory);
}

/** Of `docker volume create --opt type=none --opt o=bind --opt device=/srv/pg`. */
function boundDirectory({ Options }: VolumeInspectInfo): string | null {
  const isBound = (Options?.['o'] ?? '').split(',').some((option) => /^r?bind$/.test(option));
  return isBound ? (Options?.['device'] ?? null) : null;
}
