import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerCreateOptions, Docker } from '../docker/client.ts';
import { isConflict, isNotFound } from '../docker/engine-error.ts';
import type { ExecOptions, ExecResult } from '../docker/exec.ts';
import { runIdLabel } from '../docker/labels.ts';
import { OdoError } from '../errors/odo-error.ts';
import { segmentOfTitle } from '../postgres/process-title.ts';
import type { ToolResult } from './ask-server.ts';
import { followLog } from './container-log.ts';
import { containerArgv } from './container-tool.ts';
import { stopTimeoutSeconds } from './conventions.ts';
import { queryResult } from './launcher-local.ts';
import {
  connectionEnvironment,
  connectionOptions,
  type Login,
  launcherArguments,
  psqlArguments,
  shellCommand,
  socketPort,
} from './launcher-settings.ts';
import { stopServer } from './launcher-stop.ts';
import type {
  LauncherSpec,
  LaunchOptions,
  ServerLauncher,
  ServerMount,
  ServerPaths,
  ServerProcess,
} from './server-launcher.ts';

export interface LauncherMounts {
  readonly data: ServerMount;
  readonly work: Omit<ServerMount, 'destination'>;
}

/** On the containers below, so that helper containers of the same run are not taken for servers. */
const roleLabel = 'odo.role';
const workDirectory = '/odo';
/** In memory of the container: a socket needs no volume, and its path must be short. */
const socketDirectory = '/run/odo';
const publishedPort = `${socketPort}/tcp`;

/**
 * PostgreSQL of an image on the target's volume: no network unless asked, no capabilities, not the image's entry point (it would
 * change owners, or run initdb). The engine keeps it running when odo is killed; its name says whose it is.
 */
export class ContainerLauncher implements ServerLauncher {
  readonly description: string;
  readonly paths: ServerPaths;
  readonly #docker: Docker;
  readonly #spec: Extract<LauncherSpec, { kind: 'container' }>;
  readonly #mounts: LauncherMounts;
  readonly #runId: string;

  constructor(options: {
    docker: Docker;
    spec: Extract<LauncherSpec, { kind: 'container' }>;
    mounts: LauncherMounts;
    runId: string;
  }) {
    this.description = `PostgreSQL of image ${options.spec.image}`;
    this.paths = { dataDirectory: options.spec.pgdata, workDirectory, socketDirectory };
    this.#docker = options.docker;
    this.#spec = options.spec;
    this.#mounts = options.mounts;
    this.#runId = options.runId;
  }

  async launch(
    args: readonly string[],
    onLine: (line: string) => void,
    signal: AbortSignal,
    { port = null }: LaunchOptions = {},
  ): Promise<ServerProcess> {
    const { containers } = this.#docker;
    const command = launcherArguments({
      dataDirectory: this.#spec.pgdata,
      socketDirectory,
      runId: this.#runId,
      args,
      // What the engine publishes must listen on the container's own address.
      listen: port === null ? null : { address: '0.0.0.0', port: socketPort },
    });
    const container = await this.#create(
      'server',
      containerArgv('postgres', command),
      { asRoot: false, port },
      signal,
    );
    await containers.start(container, signal);
    const following = new AbortController();
    const exited = followLog(this.#docker, container, onLine, following.signal);
    const stop = (mode: 'fast' | 'immediate'): Promise<void> =>
      stopServer(
        mode,
        (unixSignal) =>
          containers.kill(container, unixSignal).catch((error: unknown) => {
            if (!isConflict(error) && !isNotFound(error)) throw error; // it has ended already
          }),
        exited,
      );
    // What it rejects with is met again by whoever stops the server for good.
    const interrupt = (): void => void stop('fast').catch(() => {});
    signal.addEventListener('abort', interrupt, { once: true });
    void exited.then(() => signal.removeEventListener('abort', interrupt));
    if (signal.aborted) interrupt();
    return {
      exited,
      stop,
      replayedSegment: () => this.#replayedSegment(container),
      query: (sql, options) => this.#query(container, sql, options),
      runClient: (program, args, options) => this.#runClient(container, program, args, options),
      // The engine keeps it and its log.
      release: async () => {
        signal.removeEventListener('abort', interrupt);
        following.abort();
      },
    };
  }

  async isRunning(): Promise<boolean> {
    const found = await this.#docker.containers.inspect(this.#name('server'));
    return found?.State.Running === true && found.Config.Labels[runIdLabel] === this.#runId;
  }

  /** In the container it always listens on the same port, wherever that is published. */
  psqlCommand({ user, database }: Login): string {
    const words = ['docker', 'exec', '-it', this.#name('server')];
    return shellCommand([...words, 'psql', ...connectionOptions(socketDirectory, { user, database })]);
  }

  async runTool(
    tool: string,
    args: readonly string[],
    { asRoot, stdin, signal }: { asRoot: boolean; stdin?: string; signal: AbortSignal },
  ): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const { containers } = this.#docker;
    // The engine's exec takes input and keeps both outputs apart; the container around it only waits.
    const wait = ['/bin/sh', '-c', 'trap "exit 0" TERM INT; while :; do sleep 3600 & wait $!; done'] as const;
    const container = await this.#create('tool', wait, { asRoot, port: null }, signal);
    try {
      await containers.start(container, signal);
      const result = await containers.exec(container, containerArgv(tool, args), {
        user: asRoot ? '0:0' : this.#user,
        env: { LC_ALL: 'C' },
        signal,
        ...(stdin === undefined ? {} : { stdin }),
      });
      return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
    } finally {
      await containers.remove(container, { force: true });
    }
  }

  async removeLeftovers(): Promise<void> {
    await this.#remove('server');
    await this.#remove('tool');
  }

  get #user(): string {
    return `${this.#spec.owner.uid}:${this.#spec.owner.gid}`;
  }

  #name(role: 'server' | 'tool'): string {
    return `odo-${this.#runId}-${role}`;
  }

  async #create(
    role: 'server' | 'tool',
    [program, ...rest]: readonly [string, ...string[]],
    { asRoot, port }: { asRoot: boolean; port: number | null },
    signal: AbortSignal,
  ): Promise<string> {
    await this.#requireMounts(signal);
    const options: ContainerCreateOptions = {
      name: this.#name(role),
      Image: this.#spec.image,
      Entrypoint: [program],
      Cmd: rest,
      User: asRoot ? '0:0' : this.#user,
      WorkingDir: '/',
      Env: [`PGDATA=${this.#spec.pgdata}`],
      Labels: { [runIdLabel]: this.#runId, [roleLabel]: role },
      NetworkDisabled: port === null,
      StopSignal: 'SIGINT',
      StopTimeout: stopTimeoutSeconds,
      Healthcheck: { Test: ['NONE'] },
      ...(port === null ? {} : { ExposedPorts: { [publishedPort]: {} } }),
      HostConfig: {
        ...(port === null
          ? { NetworkMode: 'none' }
          : {
              NetworkMode: 'bridge',
              PortBindings: { [publishedPort]: [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
            }),
        CapDrop: ['ALL'],
        // Root without them could not even read what belongs to the owner of the data directory.
        ...(asRoot ? { CapAdd: ['DAC_OVERRIDE', 'CHOWN', 'FOWNER'] } : {}),
        SecurityOpt: ['no-new-privileges'],
        RestartPolicy: { Name: 'no' },
        ShmSize: 256 * 1024 * 1024,
        Tmpfs: { [socketDirectory]: 'rw,mode=1777' },
        // The engine's default could be one whose logs cannot be read back.
        LogConfig: { Type: 'json-file', Config: {} },
        Mounts: this.#allMounts().map(mountOf),
      },
    };
    try {
      return await this.#docker.containers.create(options, signal);
    } catch (error) {
      if (isNotFound(error)) throw imageMissing(this.#spec.image, error);
      if (!isConflict(error)) throw error;
      await this.#remove(role);
      return this.#docker.containers.create(options, signal);
    }
  }

  /** Several tablespaces may lie on one volume, also on the data directory's. */
  #allMounts(): ServerMount[] {
    const { data, work } = this.#mounts;
    const mounts = [data, { ...work, destination: workDirectory }, ...(this.#spec.tablespaceMounts ?? [])];
    return [...new Map(mounts.map((mount) => [mount.destination, mount])).values()];
  }

  /** The engine would make a volume that is missing, empty. */
  async #requireMounts(signal: AbortSignal): Promise<void> {
    for (const { type, source } of this.#allMounts()) {
      if (type !== 'volume' || (await this.#docker.volumes.inspect(source, signal)) !== null) continue;
      throw new OdoError('TARGET_NOT_FOUND', `The volume ${source} is gone.`, {
        hint: 'Someone removed it. Start a new run.',
        details: { volume: source },
      });
    }
  }

  async #remove(role: 'server' | 'tool'): Promise<void> {
    const { containers } = this.#docker;
    const name = this.#name(role);
    const found = await containers.inspect(name);
    if (found === null) return;
    if (found.Config.Labels[runIdLabel] !== this.#runId || found.Config.Labels[roleLabel] !== role) {
      throw new OdoError('SERVICE_CONFLICT', `There is a container ${name} that is not of this run.`, {
        hint: `Look at it (docker inspect ${name}), remove or rename it, then resume the run.`,
      });
    }
    if (found.State.Running && role === 'server') {
      await containers.kill(found.Id, 'SIGQUIT').catch((error: unknown) => {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      });
      // Killed after that: recovery starts again from its last restartpoint either way.
      const patience = new AbortController();
      await Promise.race([
        containers.wait(found.Id, patience.signal),
        delay(30_000, undefined, { signal: patience.signal }),
      ]).catch(() => {});
      patience.abort();
    }
    await containers.remove(found.Id, { force: true });
  }

  /** An engine without `ps` on its host, or one that is away for a moment, is no trouble of a recovery. */
  async #replayedSegment(container: string): Promise<string | null> {
    const titles = await this.#docker.containers.processes(container).catch(() => []);
    return titles.map(segmentOfTitle).find((segment) => segment !== null) ?? null;
  }

  async #query(container: string, sql: string, options: { user: string; database: string }): Promise<string> {
    const argv = containerArgv('psql', [...psqlArguments(socketDirectory, options), '-c', sql]);
    const env = { LC_ALL: 'C', PGCONNECT_TIMEOUT: '30' };
    return queryResult(await this.#execBeside(container, argv, { user: this.#user, env }));
  }

  #runClient(
    container: string,
    program: string,
    args: readonly string[],
    { stdin, signal, ...connection }: Parameters<ServerProcess['runClient']>[2],
  ): Promise<ToolResult> {
    return this.#execBeside(container, containerArgv(program, args), {
      user: this.#user,
      env: connectionEnvironment(socketDirectory, connection),
      signal,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  async #execBeside(container: string, argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    try {
      return await this.#docker.containers.exec(container, argv, options);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
      throw new OdoError('STEP_FAILED', 'The recovery server has ended and cannot be queried.', {
        cause: error,
      });
    }
  }
}

type MountSettings = NonNullable<NonNullable<ContainerCreateOptions['HostConfig']>['Mounts']>[number];

function mountOf({ type, source, destination }: ServerMount): MountSettings {
  const mount = { Type: type, Source: source, Target: destination };
  // Without NoCopy the engine fills an empty volume with what the image has at that path.
  return type === 'bind' ? mount : ({ ...mount, VolumeOptions: { NoCopy: true } } as MountSettings);
}

function imageMissing(image: string, cause: unknown): OdoError {
  return new OdoError('PRECONDITION_FAILED', `The engine does not have the image ${image} any more.`, {
    hint: `Pull it (docker pull ${image}) and resume the run.`,
    cause,
  });
}
