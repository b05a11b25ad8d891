import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { Docker } from '../docker/client.ts';
import { OdoError } from '../errors/odo-error.ts';
import { describeContents, noContents } from './contents.ts';
import { DirectTree } from './direct-tree.ts';
import { syncDirectory } from './durable-fs.ts';
import { deviceOf, existingPart } from './existing-part.ts';
import { atPath, fsError, systemCode } from './fs-errors.ts';
import { containersUsing, type LiveUser, serversIn, serversWithTablespaceIn } from './live-users.ts';
import { holderOf, makeMarkedDirectory, removeMarkedDirectory } from './marker.ts';
import { directoryRefusal, realPathOf, withoutEndingSlash } from './refusal.ts';
import { type Target, type TargetFacts, type TargetSpec, volumeJournalFolder } from './target.ts';
import type { Tree, WorkTree } from './tree.ts';
import { lstatIfThere } from './walk-directory.ts';

/** In the work directory: that this run made the data directory, so that `discard` may remove it. */
const creationRecord = 'created-data-directory';

/** A directory of this machine. */
export class DataDirectory implements Target {
  readonly spec: Extract<TargetSpec, { kind: 'data-directory' }>;
  readonly #path: string;
  readonly #docker: () => Promise<Docker | null>;

  /** `docker`: the engine whose containers may use the directory; null when there is none. */
  constructor(spec: DataDirectory['spec'], docker: () => Promise<Docker | null>) {
    this.spec = spec;
    this.#path = withoutEndingSlash(normalize(spec.path));
    this.#docker = docker;
  }

  async inspect(signal: AbortSignal): Promise<TargetFacts> {
    const path = this.#path;
    const refusal = await directoryRefusal(this.spec.path);
    const stats = await atPath(path, () => lstatIfThere(path));
    const common = { description: path, access: 'direct', refusal } as const;
    if (refusal !== null) {
      // What is refused is not looked into: it may be the whole machine.
      const nothing = { liveUsers: [], freeBytes: 0, usedBytes: 0, location: path, fileSystem: null };
      return { ...common, ...noContents, ...nothing, exists: stats !== null };
    }
    const location = await realPathOf(path);
    const fileSystem = await deviceOf(location);
    if (stats === null) {
      const freeBytes = await new DirectTree(await existingPart(path)).freeBytes();
      const nothing = { exists: false, liveUsers: [], freeBytes, usedBytes: 0 };
      return { ...common, ...noContents, ...nothing, location, fileSystem };
    }
    const tree = new DirectTree(path);
    const contents = await describeContents(tree);
    signal.throwIfAborted();
    return {
      ...common,
      ...contents,
      exists: true,
      location,
      fileSystem,
      liveUsers: await this.#liveUsers(contents.holds, signal),
      freeBytes: await tree.freeBytes(),
      usedBytes: await tree.usedBytes(),
    };
  }

  async create(runId: string, signal: AbortSignal): Promise<void> {
    const refusal = await directoryRefusal(this.spec.path);
    if (refusal !== null)
      throw new OdoError('PRECONDITION_FAILED', refusal, { details: { path: this.#path } });
    if ((await atPath(this.#path, () => lstatIfThere(this.#path))) !== null) return;
    await makeParents(dirname(this.#path));
    signal.throwIfAborted();
    // The intent first: a directory that is there without it was not made by this run.
    const work = new DirectTree(await this.#makeWorkDirectory(runId));
    await work.writeFile(creationRecord, `${runId}\n`, 0o600);
    try {
      await fs.mkdir(this.#path, { mode: 0o700 });
    } catch (error) {
      // Another was first; whose the directory is, its mark will say.
      if (systemCode(error) !== 'EEXIST') throw fsError(error, this.#path);
      await work.remove(creationRecord);
    }
    await atPath(this.#path, () => syncDirectory(dirname(this.#path)));
  }

  async dataTree(runId: string): Promise<Tree> {
    return new DirectTree(this.#path, { reserved: [reservedName(runId), volumeJournalFolder] });
  }

  async workTree(runId: string): Promise<WorkTree> {
    return new DirectTree(await this.#makeWorkDirectory(runId));
  }

  mounts(): null {
    return null;
  }

  async cleanUp(runId: string): Promise<void> {
    for (const place of this.#workPlaces(runId)) await removeMarkedDirectory(place, runId);
  }

  async discard(runId: string): Promise<void> {
    const [beside] = this.#workPlaces(runId);
    const holder = await holderOf(beside);
    if (holder.kind !== 'run' || holder.runId !== runId) return;
    if ((await new DirectTree(beside).readFile(creationRecord, 4096)) === null) return;
    await removeMarkedDirectory(this.#path, runId);
  }

  async close(): Promise<void> {}

  async #liveUsers(holds: TargetFacts['holds'], signal: AbortSignal): Promise<LiveUser[]> {
    const docker = await this.#docker();
    // An engine elsewhere mounts directories of its own machine.
    if (docker?.isLocal) {
      const path = await atPath(this.#path, () => fs.realpath(this.#path));
      const users = await containersUsing(docker, { path }, signal);
      if (users.length > 0) return users; // their servers would only be named a second time
    }
    if (this.spec.isInVolume === true && (await isRecordedIn(this.#path))) return [unseenServer];
    const servers = await serversIn(this.#path);
    return servers.length > 0 || holds !== 'tablespace' ? servers : serversWithTablespaceIn(this.#path);
  }

  /** Beside the data directory, or in it where its parent is another file system or not writable. */
  #workPlaces(runId: string): readonly [beside: string, inside: string] {
    return [`${this.#path}.odo-${runId}`, join(this.#path, reservedName(runId))];
  }

  async #makeWorkDirectory(runId: string): Promise<string> {
    const [beside, inside] = this.#workPlaces(runId);
    const isInsideAlready = (await holderOf(inside)).kind === 'run';
    const place = isInsideAlready || !(await this.#canBeBeside()) ? inside : beside;
    await makeMarkedDirectory(place, runId);
    return place;
  }

  async #canBeBeside(): Promise<boolean> {
    const parent = dirname(this.#path);
    const own = await atPath(this.#path, () => lstatIfThere(this.#path));
    const above = await atPath(parent, () => fs.stat(parent));
    if (own !== null && own.dev !== above.dev) return false;
    return fs.access(parent, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    );
  }
}

/** Its process id is another container's: what is written down is all there is to know. */
const unseenServer: LiveUser = {
  description:
    'PostgreSQL in a container that cannot be seen from here, or was killed there: postmaster.pid is still there (remove that file when no server runs)',
  containerId: null,
};

const isRecordedIn = async (path: string): Promise<boolean> =>
  (await atPath(path, () => lstatIfThere(join(path, 'postmaster.pid')))) !== null;

/** Name of the work directory where it has to be in the data directory. */
function reservedName(runId: string): string {
  return `.odo-${runId}`;
}

async function makeParents(path: string): Promise<void> {
  if ((await atPath(path, () => lstatIfThere(path))) !== null) return;
  await makeParents(dirname(path));
  await atPath(path, async () => {
    await fs.mkdir(path, { mode: 0o755, recursive: true });
    await syncDirectory(dirname(path));
  });
}
