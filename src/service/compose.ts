import { readFile } from 'node:fs/promises';
import type { ContainerInfo, Docker } from '../docker/client.ts';
import { OdoError } from '../errors/odo-error.ts';
import { systemCode } from '../target/fs-errors.ts';
import { askServer } from './ask-server.ts';
import { type ComposeCli, type ComposeProject, composeMessage, findCompose } from './compose-cli.ts';
import { composeMounts } from './compose-facts.ts';
import { changeVolume, parseComposeFile, serviceNames } from './compose-file.ts';
import { type ComposeModel, readComposeModel, serviceNotFound } from './compose-model.ts';
import { composeProject, containersOfProject, serviceLabel } from './compose-project.ts';
import { containerLogTail, liveStates } from './container-facts.ts';
import { containerHost } from './container-host.ts';
import { stopTimeoutSeconds, superuserCandidates } from './conventions.ts';
import { imageFacts } from './image-facts.ts';
import { replaceFile } from './replace-file.ts';
import type { Service, ServiceAnswer, ServiceFacts, ServiceSpec } from './service.ts';
import type { VolumeChange } from './volume-change.ts';

interface Resolved {
  readonly docker: Docker;
  readonly cli: ComposeCli;
  readonly project: ComposeProject;
  readonly model: ComposeModel;
}

type Change = Parameters<Service['useVolume']>[0];

/**
 * A service of a Compose project. Compose itself resolves, stops and starts it (its rules for override files,
 * recreation and hooks are its own); the engine says what became of it.
 *
 * Known weakness: a container with `restart: always` that was stopped comes back when the engine itself is
 * restarted. Taking the policy away would outlive a killed run, so it stays, and `stillHolds` looks again.
 */
export class ComposeService implements Service {
  readonly spec: Extract<ServiceSpec, { kind: 'compose' }>;
  readonly #docker: () => Promise<Docker>;
  #resolved: Promise<Resolved> | null = null;

  constructor(spec: Extract<ServiceSpec, { kind: 'compose' }>, docker: () => Promise<Docker>) {
    this.spec = spec;
    this.#docker = docker;
  }

  async inspect(signal: AbortSignal): Promise<ServiceFacts> {
    const { docker, model } = await this.#resolve(signal);
    const containers = await this.#containers(signal);
    const newest = containers[0];
    const container = newest === undefined ? null : await docker.containers.inspect(newest.Id, signal);
    const { environment } = model;
    const image = await imageFacts(docker, model.image, {
      user: model.user,
      pgdata: environment['PGDATA'] || null,
      signal,
    });
    if (image === null && model.isBuilt) {
      throw new OdoError(
        'SERVICE_CONFLICT',
        `The service ${this.spec.service} is built from a Dockerfile, and its image ${model.image} is not in the engine.`,
        { hint: `Build it first: docker compose -f ${this.spec.file} build ${this.spec.service}` },
      );
    }
    return {
      description: this.#description,
      kind: 'compose',
      running: containers.some(({ State }) => liveStates.has(State)),
      containerIds: containers.map(({ Id }) => Id),
      project: model.project,
      image: image?.reference ?? null,
      serverMajor: image?.serverMajor ?? null,
      pgdata: image?.pgdata ?? (environment['PGDATA'] || null),
      mounts: composeMounts(model, image, container),
      owner: image?.owner ?? null,
      superuser: environment['POSTGRES_USER'] || null,
      database: environment['POSTGRES_DB'] || null,
    };
  }

  async isRunning(signal: AbortSignal): Promise<boolean> {
    return (await this.#containers(signal)).some(({ State }) => liveStates.has(State));
  }

  async stop(signal: AbortSignal): Promise<void> {
    if (!(await this.isRunning(signal))) return;
    await this.#compose(['stop', '-t', String(stopTimeoutSeconds), this.spec.service], 'stop', signal);
    if (!(await this.isRunning(signal))) return;
    throw new OdoError('SERVICE_CONFLICT', `${this.#description} still runs after it was stopped.`, {
      hint: 'Something starts it again: look for another operator or an orchestrator, then resume the run.',
    });
  }

  async start(_dataDirectory: string | null, signal: AbortSignal): Promise<void> {
    // Never --yes: Compose would then make a volume anew whose settings differ from the file's.
    const args = ['up', '--detach', '--no-deps', '--timeout', String(stopTimeoutSeconds), this.spec.service];
    await this.#compose(args, 'start', signal);
  }

  async ask(
    options: { superuser: string | null; deadlineMs: number },
    signal: AbortSignal,
  ): Promise<ServiceAnswer> {
    const { docker, model } = await this.#resolve(signal);
    const facts = await this.inspect(signal);
    const [container] = facts.containerIds;
    if (container === undefined || facts.pgdata === null) {
      const what = container === undefined ? 'has no container' : 'does not tell where its data directory is';
      throw new OdoError('STEP_FAILED', `${this.#description} ${what}, so it cannot be asked.`, {
        hint: `Look at it with: docker compose -f ${this.spec.file} ps -a ${this.spec.service}`,
      });
    }
    const host = containerHost(docker, {
      container,
      description: this.#description,
      pgdata: facts.pgdata,
      owner: facts.owner,
    });
    const superusers = superuserCandidates(options.superuser, model.environment['POSTGRES_USER']);
    return askServer(host, { superusers, deadlineMs: options.deadlineMs }, signal);
  }

  async checkVolumeChange(change: Change, signal: AbortSignal): Promise<void> {
    await this.#edit(change, signal);
  }

  async useVolume(change: Change, signal: AbortSignal): Promise<void> {
    const { file, before, after } = await this.#edit(change, signal);
    if (after !== before) await replaceFile(file, after);
    this.#resolved = null;
    const { model } = await this.#resolve(signal);
    const mounts = composeMounts(model, null, null);
    const now = mounts.find(({ destination }) => destination === change.from.destination)?.source;
    if (now === change.toVolume) return;
    if (after !== before) await replaceFile(file, before);
    this.#resolved = null;
    throw new OdoError(
      'SERVICE_CONFLICT',
      `With ${change.toAlias} in ${file}, ${this.#description} would mount ${now ?? 'nothing'} at ${change.from.destination}, not ${change.toVolume}.`,
      { hint: 'Another Compose file sets it too. The file was put back as it was.', details: { ...change } },
    );
  }

  async logTail(lines: number): Promise<string[]> {
    const docker = await this.#docker();
    const [container] = await this.#containers(AbortSignal.timeout(30_000));
    return container === undefined ? [] : containerLogTail(docker, container.Id, lines);
  }

  get #description(): string {
    return `Compose service ${this.spec.service}`;
  }

  /** In the file that says it last, as Compose reads them in order. */
  async #edit(change: Change, signal: AbortSignal): Promise<{ file: string; before: string; after: string }> {
    const { project, model } = await this.#resolve(signal);
    const wanted: VolumeChange = {
      service: this.spec.service,
      project: model.project,
      destination: change.from.destination,
      fromAlias: change.from.alias,
      toAlias: change.toAlias,
      toVolume: change.toVolume,
    };
    for (const file of project.files.toReversed()) {
      const before = await readText(file);
      const after = changeVolume(before, file, wanted);
      if (after !== null) return { file, before, after };
    }
    throw new OdoError(
      'SERVICE_CONFLICT',
      `${project.files.join(', ')} does not write out the mount ${change.from.destination} of ${this.spec.service}: it comes from extends, include, a merge key or the image.`,
      {
        hint: `Write it under services.${this.spec.service}.volumes as "- NAME:${change.from.destination}", or restore in place with -v.`,
        details: { ...change },
      },
    );
  }

  async #compose(args: readonly string[], verb: string, signal: AbortSignal): Promise<void> {
    const { cli, project } = await this.#resolve(signal);
    const result = await cli.run(project, args, signal);
    if (result.exitCode === 0) return;
    throw new OdoError(
      'STEP_FAILED',
      `Docker Compose could not ${verb} the service ${this.spec.service}: ${composeMessage(result)}.`,
      { hint: `Try it by hand, then resume the run: docker compose -f ${this.spec.file} ${args.join(' ')}` },
    );
  }

  /** Newest first. */
  async #containers(signal: AbortSignal): Promise<ContainerInfo[]> {
    const { docker, model } = await this.#resolve(signal);
    const all = await this.#everyContainer(docker, signal);
    return containersOfProject(all, model.project, this.spec).toSorted((a, b) => b.Created - a.Created);
  }

  #everyContainer(docker: Docker, signal: AbortSignal): Promise<ContainerInfo[]> {
    return docker.containers.list({ all: true, labels: { [serviceLabel]: this.spec.service } }, signal);
  }

  #resolve(signal: AbortSignal): Promise<Resolved> {
    this.#resolved ??= this.#read(signal).catch((error: unknown) => {
      this.#resolved = null;
      throw error;
    });
    return this.#resolved;
  }

  async #read(signal: AbortSignal): Promise<Resolved> {
    const { file, service } = this.spec;
    const document = parseComposeFile(await readText(file), file);
    const docker = await this.#docker();
    const project = composeProject(this.spec, await this.#everyContainer(docker, signal));
    const isWhole = project.files.length === 1 && !document.has('include');
    const names = serviceNames(document);
    if (isWhole && !names.includes(service)) throw serviceNotFound(file, service, names);
    const cli = await findCompose(docker.address, signal);
    return { docker, cli, project, model: await readComposeModel(cli, project, service, signal) };
  }
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (cause) {
    const isAbsent = systemCode(cause) === 'ENOENT';
    throw new OdoError(
      'CONFIG_INVALID',
      isAbsent ? `The Compose file ${file} does not exist.` : `The Compose file ${file} cannot be read.`,
      { hint: 'Name the right one with -f FILE.', details: { file }, cause },
    );
  }
}
