import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import type { ContainerCreateOptions, ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { OdoError } from '../errors/odo-error.ts';
import { type EngineCalls, never } from './engine-calls.ts';
import { isConflict, isEngineTrouble, isNotModified, isSilence, SilentEngine } from './engine-error.ts';
import { type ExecOptions, type ExecResult, execIn } from './exec.ts';
import { type ExecStreamOptions, execStream, type ProgramStream } from './exec-stream.ts';
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
  /** As `exec`, for output that is read as it comes and is never kept. */
  execStream(container: string, argv: readonly string[], options: ExecStreamOptions): Promise<ProgramStream>;
  /** Unpacks a tar stream below `path`; resolves with the engine's answer. The stream is the caller's to destroy. */
  putArchive(container: string, path: string, tar: Readable, signal?: AbortSignal): Promise<void>;
  /** A tar of `path`, which must be small; null when it is absent. */
  getArchive(container: string, path: string, signal?: AbortSignal): Promise<Buffer | null>;
}

export function containersOf(docker: Dockerode, calls: EngineCalls): Containers {
  const of = (container: string): Dockerode.Container => docker.getContainer(encodeURIComponent(container));
  const inspect: Containers['inspect'] = (container, signal) =>
    calls.askForMaybe(`look at the container ${container}`, signal, (options) =>
      of(container).inspect(options as Dockerode.ContainerInspectOptions),
    );
  return {
    inspect,
    list: ({ all, labels, volume }, signal) =>
      calls.ask('list containers', signal, (options) =>
        docker.listContainers({
          all: all ?? false,
          filters: { ...(labels && { label: labelFilter(labels) }), ...(volume && { volume: [volume] }) },
          ...options,
        }),
      ),
    async create(options, signal) {
      const what = `create the container ${options.name ?? `from ${options.Image}`}`;
      const request = async (more: { abortSignal: AbortSignal }) =>
        (await docker.createContainer({ ...options, ...more })).id;
      return calls.ask(what, signal, request, { observe: () => madeAlready(options, inspect, signal) });
    },
    start: (container, signal) =>
      unlessDone(
        calls.ask(`start the container ${container}`, signal, (options) => of(container).start(options)),
      ),
    stop: (container, timeoutSeconds, signal) =>
      unlessDone(
        calls.ask(
          `stop the container ${container}`,
          signal,
          (options) => of(container).stop({ t: timeoutSeconds, ...options }),
          { patienceMs: timeoutSeconds * 1000 + stopPatienceMs },
        ),
      ),
    async kill(container, unixSignal, signal) {
      await calls.ask(`kill the container ${container}`, signal, (options) =>
        of(container).kill({ signal: unixSignal, ...options }),
      );
    },
    async remove(container, { force }, signal) {
      try {
        await calls.askForMaybe(
          `remove the container ${container}`,
          signal,
          (options) => of(container).remove({ force, v: true, ...options }),
          { patienceMs: longPatienceMs },
        );
      } catch (error) {
        // "removal of container … is already in progress": someone else's, or AutoRemove.
        if (!isConflict(error) || !/already in progress/.test(String(error))) throw error;
        await untilGone(() => inspect(container, signal), error, signal);
      }
    },
    async wait(container, signal) {
      const what = `wait for the container ${container}`;
      for (;;) {
        try {
          const request = (options: { abortSignal: AbortSignal }): Promise<{ StatusCode: number }> =>
            of(container).wait({ condition: 'not-running', ...options });
          return (await calls.ask(what, signal, request, { patienceMs: waitMs, repeats: never })).StatusCode;
        } catch (error) {
          signal?.throwIfAborted();
          if (!isEngineTrouble(error)) throw error;
          // An engine that lost the wait says by itself how it is: nothing is waited for in vain.
          const found = await inspect(container, signal);
          if (found === null) throw error;
          if (!found.State.Running) return found.State.ExitCode;
          if (!isSilence(error)) await delay(200, undefined, signal ? { signal } : {});
        }
      }
    },
    async processes(container, signal) {
      const answer: { Titles: string[]; Processes: string[][] } = await calls.ask(
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
      const source = await calls.ask(
        what,
        signal,
        async (options): Promise<AsyncIterable<Uint8Array | string>> => {
          if (follow) return of(container).logs({ ...selection, ...options, follow: true });
          const log: unknown = await of(container).logs({ ...selection, ...options, follow: false });
          // dockerode parses what happens to be JSON: the whole log of a container with a terminal may be.
          return Readable.from([Buffer.isBuffer(log) ? log : JSON.stringify(log)]);
        },
      );
      try {
        yield* linesOf(demultiplex(source));
      } catch (error) {
        signal?.throwIfAborted();
        throw calls.error(error, what);
      }
    },
    exec: (container, argv, options) => execIn(docker, calls, container, argv, options),
    execStream: (container, argv, options) => execStream(docker, calls, container, argv, options),
    async putArchive(container, path, tar, signal) {
      const upload = watchUpload(tar, longPatienceMs);
      const what = `write into the container ${container}`;
      try {
        await calls.ask(
          what,
          signal ? AbortSignal.any([signal, upload.stalled]) : upload.stalled,
          (options) => of(container).putArchive(upload.stream, { path, ...options }),
          // A stream that was sent is gone: whoever wrote it writes it again.
          { patienceMs: null, repeats: never },
        );
      } catch (error) {
        signal?.throwIfAborted();
        throw calls.error(error, what);
      } finally {
        upload.close();
      }
    },
    getArchive: (container, path, signal) =>
      calls.askForMaybe(`read ${path} of the container ${container}`, signal, async (options) =>
        buffer(await of(container).getArchive({ path, ...options })),
      ),
  };
}

/** What a call may take that copies or removes much data. @unit ms */
const longPatienceMs = 5 * 60_000;
/** What an engine may take for a stop beyond the container's own time. @unit ms */
const stopPatienceMs = 60_000;
/** Then the engine is asked how the container is: a wait that got lost would never end. @unit ms */
const waitMs = 60_000;

/** The container that a request made whose answer got lost; undefined: there is none. */
async function madeAlready(
  { name, Image, Labels = {} }: ContainerCreateOptions,
  inspect: Containers['inspect'],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const found = name === undefined ? null : await inspect(name, signal);
  if (found === null || found.Config.Image !== Image || found.State.Status !== 'created') return undefined;
  const has = found.Config.Labels ?? {};
  return Object.entries(Labels).every(([label, value]) => has[label] === value) ? found.Id : undefined;
}

/**
 * Passes a tar stream on, and gives up when the engine takes nothing of it for so long, or does not answer after its end.
 * The time that the next piece takes does not count.
 */
function watchUpload(
  tar: Readable,
  limitMs: number,
): { readonly stream: Readable; readonly stalled: AbortSignal; readonly close: () => void } {
  const stalled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const watch = (): void => {
    timer = setTimeout(() => stalled.abort(new SilentEngine(limitMs)), limitMs);
  };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for await (const piece of tar) {
      watch();
      yield piece as Uint8Array;
      clearTimeout(timer);
    }
    watch();
  }
  return {
    stream: Readable.from(pieces(), { objectMode: false }),
    stalled: stalled.signal,
    close: () => clearTimeout(timer),
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
