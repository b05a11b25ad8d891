import type { ContainerInspectInfo, Docker } from '../docker/client.ts';
import { OdoError } from '../errors/odo-error.ts';
import { askServer } from './ask-server.ts';
import { containerLogTail, engineMounts, liveStates } from './container-facts.ts';
import { containerHost } from './container-host.ts';
import { stopTimeoutSeconds, superuserCandidates } from './conventions.ts';
import { environmentOf, imageFacts } from './image-facts.ts';
import { cannotChangeVolume } from './none.ts';
import type { Service, ServiceAnswer, ServiceFacts, ServiceSpec } from './service.ts';

/** A container that someone made by hand: odo stops and starts it, and never makes it anew. */
export class ContainerService implements Service {
  readonly spec: Extract<ServiceSpec, { kind: 'container' }>;
  readonly #docker: () => Promise<Docker>;

  constructor(spec: Extract<ServiceSpec, { kind: 'container' }>, docker: () => Promise<Docker>) {
    this.spec = spec;
    this.#docker = docker;
  }

  async inspect(signal: AbortSignal): Promise<ServiceFacts> {
    const container = await this.#container(signal);
    if (container.HostConfig.AutoRemove) {
      throw new OdoError(
        'SERVICE_CONFLICT',
        `${this.#description} was started with --rm: stopping it would remove it, and odo could not start it again.`,
        {
          hint: 'Make it without --rm, or stop it yourself and restore into its volume without naming a service.',
        },
      );
    }
    const { Image: reference, User: user } = container.Config;
    const environment = environmentOf(container.Config.Env);
    const docker = await this.#docker();
    const settings = { user, pgdata: environment['PGDATA'] || null, signal };
    // By id: the tag may have moved on since this container was made.
    const image = await imageFacts(docker, container.Image, settings);
    const named = await docker.images.inspect(reference, signal);
    return {
      description: this.#description,
      kind: 'container',
      running: liveStates.has(container.State.Status),
      containerIds: [container.Id],
      project: null,
      image: image === null ? null : named?.Id === image.id ? reference : image.id,
      serverMajor: image?.serverMajor ?? null,
      pgdata: image?.pgdata ?? (environment['PGDATA'] || null),
      mounts: engineMounts(container),
      owner: image?.owner ?? null,
      superuser: environment['POSTGRES_USER'] || null,
      database: environment['POSTGRES_DB'] || null,
    };
  }

  async isRunning(signal: AbortSignal): Promise<boolean> {
    return liveStates.has((await this.#container(signal)).State.Status);
  }

  async stop(signal: AbortSignal): Promise<void> {
    if (!(await this.isRunning(signal))) return;
    const docker = await this.#docker();
    await docker.containers.stop(this.spec.container, stopTimeoutSeconds, signal);
    const after = await docker.containers.inspect(this.spec.container, signal);
    if (after === null || !liveStates.has(after.State.Status)) return;
    throw new OdoError('SERVICE_CONFLICT', `${this.#description} still runs after it was stopped.`, {
      hint: 'Something starts it again: look for another operator or an orchestrator, then resume the run.',
    });
  }

  async start(_dataDirectory: string | null, signal: AbortSignal): Promise<void> {
    await this.#container(signal);
    await (await this.#docker()).containers.start(this.spec.container, signal);
  }

  async checkVolumeChange(): Promise<void> {
    throw cannotChangeVolume(`${this.#description} has`);
  }

  async useVolume(): Promise<void> {
    throw cannotChangeVolume(`${this.#description} has`);
  }

  async ask(
    options: { superuser: string | null; deadlineMs: number },
    signal: AbortSignal,
  ): Promise<ServiceAnswer> {
    const facts = await this.inspect(signal);
    if (facts.pgdata === null) {
      throw new OdoError('STEP_FAILED', `${this.#description} does not tell where its data directory is.`, {
        hint: 'Set PGDATA in its environment.',
      });
    }
    const host = containerHost(await this.#docker(), {
      container: this.spec.container,
      description: this.#description,
      pgdata: facts.pgdata,
      owner: facts.owner,
    });
    const superusers = superuserCandidates(options.superuser, facts.superuser);
    return askServer(host, { superusers, deadlineMs: options.deadlineMs }, signal);
  }

  async logTail(lines: number): Promise<string[]> {
    return containerLogTail(await this.#docker(), this.spec.container, lines);
  }

  get #description(): string {
    return `container ${this.spec.container}`;
  }

  async #container(signal: AbortSignal): Promise<ContainerInspectInfo> {
    const found = await (await this.#docker()).containers.inspect(this.spec.container, signal);
    if (found !== null) return found;
    throw new OdoError('SERVICE_NOT_FOUND', `There is no container ${this.spec.container}.`, {
      hint: 'List them with: docker ps -a',
    });
  }
}
