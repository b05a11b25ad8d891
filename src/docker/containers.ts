import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import type { ContainerCreateOptions, ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { OdoError } from '../errors/odo-error.ts';
import { ask, askForMaybe, engineError, isConflict, isNotModified } from './engine-error.ts';
import { type ExecOptions, type ExecResult, execIn } from './exec.ts';
import { labelFilter } from './label-filter.ts';
import { demultiplex, linesOf, type OutputLine } from './streams.ts';

export interface ContainerFilter {
  /** Stopped ones too. */
  readonly all?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  /** Name of a volume, or a path where one is mounted in the container. */
  readonly volume?: string;
}

export interface LogOptions {
  /** Goes on until the container ends. The engine may leave out a last line that lacks its line end. */
  readonly follow?: true;
  /** Only the last lines of what there is already. */
  readonly tail?: number;
  readonly signal?: AbortSignal;
}

/** `container` is an id or a name everywhere. */
export interface Containers {
  /** Null when absent. */
  inspect(container: string, signal?: AbortSignal): Promise<ContainerInspectInfo | null>;
  list(filter: ContainerFilter, signal?: AbortSignal): Promise<ContainerInfo[]>;
  /** Id of the new container. A name that is taken is a conflict, a missing image not found (engine-error.ts). */
  create(options: ContainerCreateOptions, signal?: AbortSignal): Promise<string>;
  /** Running already is fine. */
  start(container: string, signal?: AbortSignal): Promise<void>;
  /** Its stop signal, then SIGKILL after the timeout. Stopped already is fine. */
  stop(container: string, timeoutSeconds: number, signal?: AbortSignal): Promise<void>;
  /** Not running is a conflict. */
  kill(container: string, unixSignal: string, signal?: AbortSignal): Promise<void>;
  /** With its anonymous volumes. Absent is fine; `force` kills a running one. Returns when it is gone. */
  remove(container: string, options: { readonly force: boolean }, signal?: AbortSignal): Promise<void>;
  /** Exit code, as soon as it does not run. */
  wait(container: string, signal?: AbortSignal): Promise<number>;
  /** Command lines (titles) of its processes. Not running is a conflict; needs `ps` on the engine's host. */
  processes(container: string, signal?: AbortSignal): Promise<string[]>;
  logs(container: string, options: LogOptions): AsyncGenerator<OutputLine>;
  exec(container: string, argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Unpacks a tar stream below `path`; resolves with the engine's answer. The stream is the caller's to destroy. */
  putArchive(container: string, path: string, tar: Readable, signal?: AbortSignal): Promise<void>;
  /** A tar stream of `path`; null when it is absent. */
  getArchive(container: string, path: string, signal?: AbortSignal): Promise<Readable | null>;
}

export function containersOf(docker: Dockerode): Containers {
  const of = (container: string): Dockerode.Container => docker.getContainer(encodeURIComponent(container));
  const inspect: Containers['inspect'] = (container, signal) =>
    askForMaybe(`look at the container ${container}`, signal, (options) =>
      of(container).inspect(options as Dockerode.ContainerInspectOptions),
    );
  return {
    inspect,
    list: ({ all, labels, volume }, signal) =>
      ask('list containers', signal, (options) =>
        docker.listContainers({
          all: all ?? false,
          filters: { ...(labels && { label: labelFilter(labels) }), ...(volume && { volume: [volume] }) },
          ...options,
        }),
      ),
    async create(options, signal) {
      const what = `create the container ${options.name ?? `from ${options.Image}`}`;
      const created = await ask(what, signal, (more) => docker.createContainer({ ...options, ...more }));
      return created.id;
    },
    start: (container, signal) =>
      unlessDone(ask(`start the container ${container}`, signal, (options) => of(container).start(options))),
    stop: (container, timeoutSeconds, signal) =>
      unlessDone(
        ask(`stop the container ${container}`, signal, (options) =>
          of(container).stop({ t: timeoutSeconds, ...options }),
        ),
      ),
    async kill(container, unixSignal, signal) {
      await ask(`kill the container ${container}`, signal, (options) =>
        of(container).kill({ signal: unixSignal, ...options }),
      );
    },
    async remove(container, { force }, signal) {
      try {
        await askForMaybe(`remove the container ${container}`, signal, (options) =>
          of(container).remove({ force, v: true, ...options }),
        );
      } catch (error) {
        // "removal of container … is already in progress": someone else's, or AutoRemove.
        if (!isConflict(error) || !/already in progress/.test(String(error))) throw error;
        await untilGone(() => inspect(container, signal), error, signal);
      }
    },
    async wait(container, signal) {
      const answer: { StatusCode: number } = await ask(
        `wait for the container ${container}`,
        signal,
        (options) => of(container).wait({ condition: 'not-running', ...options }),
      );
      return answer.StatusCode;
    },
    async processes(container, signal) {
      const answer: { Titles: string[]; Processes: string[][] } = await ask(
        `list the processes of the container ${container}`,
        signal,
        (options) => of(container).top({ ps_args: '-eo pid,args', ...options }),
      );
      // The engine splits at spaces and leaves the rest of a line in its last column.
      return answer.Processes.map((columns) => columns.slice(1).join(' '));
    },
    async *logs(container, { follow, tail, signal }) {
      const what = `read the log of the container ${container}`;
      const selection = { stdout: true, stderr: true, ...(tail === undefined ? {} : { tail }) };
      const source = await ask(what, signal, async (options): Promise<AsyncIterable<Uint8Array | string>> => {
        if (follow) return of(container).logs({ ...selection, ...options, follow: true });
        const log: unknown = await of(container).logs({ ...selection, ...options, follow: false });
        // dockerode parses what happens to be JSON: the whole log of a container with a terminal may be.
        return Readable.from([Buffer.isBuffer(log) ? log : JSON.stringify(log)]);
      });
      try {
        yield* linesOf(demultiplex(source));
      } catch (error) {
        signal?.throwIfAborted();
        throw engineError(error, what);
      }
    },
    exec: (container, argv, options) => execIn(docker, container, argv, options),
    async putArchive(container, path, tar, signal) {
      await ask(`write into the container ${container}`, signal, (options) =>
        of(container).putArchive(tar, { path, ...options }),
      );
    },
    getArchive: (container, path, signal) =>
      askForMaybe(
        `read ${path} of the container ${container}`,
        signal,
        async (options) => (await of(container).getArchive({ path, ...options })) as Readable,
      ),
  };
}

async function unlessDone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isNotModified(error)) throw error;
  }
}

async function untilGone(look: () => Promise<unknown>, cause: unknown, signal?: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if ((await look()) === null) return;
    await delay(100, undefined, signal ? { signal } : {});
  }
  throw new OdoError('ENGINE_FAILED', 'The Docker engine has been removing a container for half a minute.', {
    cause,
  });
}
