import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ContainerCreateOptions, Docker } from '../docker/client.ts';
import { isConflict, isNotFound } from '../docker/engine-error.ts';
import type { ExecResult } from '../docker/exec.ts';
import { helperLabel, runIdLabel } from '../docker/labels.ts';
import { OdoError } from '../errors/odo-error.ts';

/** Where the helper mounts the volume. */
export const helperMount = '/odo-target';

/** Which odo process started it. */
const processLabel = 'odo.process';

export interface HelperSpec {
  readonly name: string;
  /** Null: none, only to learn about the engine's own file system. */
  readonly volume: string | null;
  readonly image: string;
  /** Null: only to look; read-only, and it ends by itself should odo be killed. */
  readonly runId: string | null;
}

/**
 * A container that mounts a volume which this process cannot reach, so that odo can work on it through the
 * engine. It does nothing itself. Started at first use.
 */
export class HelperContainer {
  readonly #docker: Docker;
  readonly #spec: HelperSpec;
  #started: Promise<string> | null = null;

  constructor(docker: Docker, spec: HelperSpec) {
    this.#docker = docker;
    this.#spec = spec;
  }

  get docker(): Docker {
    return this.#docker;
  }

  get description(): string {
    return this.#spec.volume === null ? 'the Docker engine' : `volume ${this.#spec.volume}`;
  }

  /** Id of the running container. @throws TARGET_NOT_FOUND without the volume, PRECONDITION_FAILED without the image */
  start(): Promise<string> {
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#started = null;
      throw error;
    });
    return this.#started;
  }

  /** Runs `sh -c script odo …args` as root in it. */
  async run(
    script: string,
    args: readonly string[],
    options: { readonly stdin?: string | Uint8Array; readonly signal?: AbortSignal } = {},
  ): Promise<ExecResult> {
    const container = await this.start();
    try {
      return await this.#docker.containers.exec(container, ['sh', '-c', script, 'odo', ...args], {
        user: '0:0',
        env: { LC_ALL: 'C' },
        ...options,
      });
    } catch (error) {
      // It was stopped or removed; the next attempt starts another.
      if (isConflict(error) || isNotFound(error)) this.#started = null;
      throw error;
    }
  }

  /** Absent is fine; a container of that name which is not this process's helper is left alone. */
  async remove(): Promise<void> {
    await this.#started?.catch(() => {});
    this.#started = null;
    const existing = await this.#docker.containers.inspect(this.#spec.name);
    const labels = existing?.Config.Labels ?? null;
    // Another odo, which took over the run, may have put its own in the place of this one.
    if (existing === null || !this.#isOurs(labels) || labels?.[processLabel] !== processIdentity()) return;
    await this.#docker.containers.remove(existing.Id, { force: true });
  }

  async #start(): Promise<string> {
    const { image, volume } = this.#spec;
    if (volume !== null && (await this.#docker.volumes.inspect(volume)) === null) {
      throw new OdoError('TARGET_NOT_FOUND', `The volume ${volume} does not exist.`, { details: { volume } });
    }
    if ((await this.#docker.images.inspect(image)) === null) {
      throw new OdoError('PRECONDITION_FAILED', `The engine does not have the image ${image}.`, {
        hint: `Fetch it: docker pull ${image}`,
        details: { image },
      });
    }
    const container = (await this.#reuseOrClear()) ?? (await this.#createUnlessMade());
    await this.#docker.containers.start(container);
    return container;
  }

  async #createUnlessMade(): Promise<string> {
    try {
      return await this.#create();
    } catch (error) {
      const other = isConflict(error) ? await this.#reuseOrClear() : null; // another thread was first
      if (other === null) throw error;
      return other;
    }
  }

  /**
   * Another thread of this process may have started it. One of an earlier process is removed: what it was
   * told to do (`rm`, `chown`) may still be going on, and would then work against this attempt.
   */
  async #reuseOrClear(): Promise<string | null> {
    const existing = await this.#docker.containers.inspect(this.#spec.name);
    if (existing === null) return null;
    const labels = existing.Config.Labels;
    if (!this.#isOurs(labels)) {
      throw new OdoError('TARGET_CHANGED', `A container named ${this.#spec.name} exists and is not odo's.`, {
        hint: `Rename or remove it: docker rm ${this.#spec.name}`,
      });
    }
    if (labels[processLabel] === processIdentity() && isAlive(existing.State.Status)) return existing.Id;
    await this.#docker.containers.remove(existing.Id, { force: true });
    return null;
  }

  #isOurs(labels: Readonly<Record<string, string>> | null): boolean {
    return labels?.[helperLabel] !== undefined && (labels[runIdLabel] ?? null) === this.#spec.runId;
  }

  #create(): Promise<string> {
    const { image, name, runId, volume } = this.#spec;
    const options: ContainerCreateOptions = {
      name,
      Image: image,
      // `sleep infinity` is coreutils only; `tail -f` is everywhere.
      Entrypoint: runId === null ? ['sleep', '600'] : ['tail', '-f', '/dev/null'],
      Cmd: [],
      User: '0:0',
      WorkingDir: '/',
      Healthcheck: { Test: ['NONE'] },
      NetworkDisabled: true,
      Labels: {
        [helperLabel]: runId === null ? 'inspect' : 'tree',
        [processLabel]: processIdentity(),
        ...(runId === null ? {} : { [runIdLabel]: runId }),
      },
      HostConfig: {
        AutoRemove: runId === null,
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'],
        SecurityOpt: ['no-new-privileges'],
        ReadonlyRootfs: true,
        LogConfig: { Type: 'none', Config: {} },
        Mounts: volume === null ? [] : [mountOf(volume, runId === null)],
      },
    };
    return this.#docker.containers.create(options);
  }
}

function mountOf(volume: string, readOnly: boolean) {
  return {
    Type: 'volume' as const,
    Source: volume,
    Target: helperMount,
    ReadOnly: readOnly,
    // Nothing of the image may get into the volume.
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } },
  };
}

function isAlive(status: string): boolean {
  return status === 'running' || status === 'created';
}

/** The same in every thread of this process, and in no other process. */
function processIdentity(): string {
  let startTime = '';
  try {
    // proc(5): field 22 of stat; the name in field 2 may contain spaces and ends with the last parenthesis.
    startTime = readFileSync('/proc/self/stat', 'utf8').replace(/^.*\)/s, '').trim().split(' ')[19] ?? '';
  } catch {
    // Not Linux: the pid has to do.
  }
  return `${hostname()}/${process.pid}/${startTime}`;
}
