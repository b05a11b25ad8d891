import type { Docker } from '../docker/client.ts';
import { helperLabel, runIdLabel } from '../docker/labels.ts';
import { OdoError } from '../errors/odo-error.ts';
import { absentTree } from './absent-tree.ts';
import { DirectTree } from './direct-tree.ts';
import { EngineTree } from './engine-tree.ts';
import { HelperContainer } from './helper-container.ts';
import { inspectVolume } from './inspect-volume.ts';
import { makeSubpath } from './subpath.ts';
import type { Target, TargetFacts } from './target.ts';
import type { Tree, WorkTree } from './tree.ts';
import { type VolumeSpec, volumeAccess } from './volume-access.ts';

/** A volume of a Docker engine, here or elsewhere. */
export class DockerVolume implements Target {
  readonly spec: VolumeSpec;
  readonly #docker: () => Promise<Docker>;
  readonly #helpers = new Map<string, HelperContainer>();

  constructor(spec: VolumeSpec, docker: () => Promise<Docker>) {
    this.spec = spec;
    this.#docker = docker;
  }

  async inspect(signal: AbortSignal): Promise<TargetFacts> {
    return inspectVolume(await this.#docker(), this.spec, signal);
  }

  async create(runId: string, signal: AbortSignal): Promise<void> {
    const docker = await this.#docker();
    const { create, labels, volume } = this.spec;
    if (!create && (await docker.volumes.inspect(volume, signal)) !== null) return;
    await createLabelled(docker, volume, runId, labels, signal);
  }

  dataTree(runId: string): Promise<Tree> {
    return this.#tree(runId, 'data', this.spec.volume, this.spec.subpath);
  }

  async workTree(runId: string): Promise<WorkTree> {
    const volume = workVolume(runId);
    await createLabelled(await this.#docker(), volume, runId, {});
    return this.#tree(runId, 'work', volume, '');
  }

  mounts(runId: string): NonNullable<ReturnType<Target['mounts']>> {
    const { subpath, volume } = this.spec;
    return { data: { volume, subpath }, work: { volume: workVolume(runId) } };
  }

  async cleanUp(runId: string): Promise<void> {
    await this.#removeHelpers(runId);
    await this.#removeLabelled(workVolume(runId), runId);
  }

  async discard(runId: string): Promise<void> {
    await this.#removeHelpers(runId);
    await this.#removeLabelled(this.spec.volume, runId);
  }

  async close(): Promise<void> {
    const helpers = [...this.#helpers.values()];
    this.#helpers.clear();
    for (const helper of helpers) await helper.remove();
  }

  async #tree(runId: string, role: 'data' | 'work', volume: string, subpath: string): Promise<WorkTree> {
    const docker = await this.#docker();
    const found = await docker.volumes.inspect(volume);
    const description = subpath === '' ? `volume ${volume}` : `volume ${volume}/${subpath}`;
    if (found === null) return absentTree(description);
    const access = await volumeAccess(docker, this.spec, found);
    if (access.kind === 'direct')
      return new DirectTree(await makeSubpath(access.path, subpath), { description });
    return new EngineTree(this.#helper(docker, runId, role, volume), subpath, 'make');
  }

  #helper(docker: Docker, runId: string, role: 'data' | 'work', volume: string): HelperContainer {
    // Targets of one run may lie in several volumes, or in one.
    const name = role === 'work' ? `odo-${runId}-helper-work` : `odo-${runId}-helper-of-${volume}`;
    const known = this.#helpers.get(name);
    if (known !== undefined) return known;
    const image = this.spec.helperImage;
    if (image === null) {
      throw new OdoError(
        'PRECONDITION_FAILED',
        `No image is known for a container that reaches the volume ${volume}.`,
        {
          hint: 'Name the image of the service, or run odo as root on the machine of the engine.',
        },
      );
    }
    const helper = new HelperContainer(docker, { name, volume, image, runId });
    this.#helpers.set(name, helper);
    return helper;
  }

  /** Also those that an odo which was killed left behind. */
  async #removeHelpers(runId: string): Promise<void> {
    const { containers } = await this.#docker();
    await this.close();
    const left = await containers.list({ all: true, labels: { [runIdLabel]: runId, [helperLabel]: '' } });
    for (const { Id } of left) await containers.remove(Id, { force: true });
  }

  async #removeLabelled(volume: string, runId: string): Promise<void> {
    const { volumes } = await this.#docker();
    const found = await volumes.inspect(volume);
    if (found?.Labels?.[runIdLabel] === runId) await volumes.remove(volume);
  }
}

function workVolume(runId: string): string {
  return `odo-${runId}-work`;
}

/** The engine answers "created" for a volume that is there already; only its label says whose it is. */
async function createLabelled(
  docker: Docker,
  volume: string,
  runId: string,
  labels: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<void> {
  const created = await docker.volumes.create(volume, { ...labels, [runIdLabel]: runId }, signal);
  const owner = created.Labels?.[runIdLabel];
  if (owner === runId) return;
  throw new OdoError('TARGET_CHANGED', `The volume ${volume} exists, and was not made by run ${runId}.`, {
    hint: 'Choose another name for the new volume, or remove that one if nothing needs it.',
    details: { volume, madeByRun: owner ?? null },
  });
}
