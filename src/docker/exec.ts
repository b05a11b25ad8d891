import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { OdoError } from '../errors/odo-error.ts';
import { type EngineCalls, never } from './engine-calls.ts';
import { isEngineTrouble } from './engine-error.ts';
import { demultiplex } from './streams.ts';

export interface ExecOptions {
  /** `uid:gid` or a name in the container; the container's own user when left out. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly stdin?: string | Uint8Array;
  /** Ends the waiting; the process in the container goes on (the engine has no call to end it). */
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

/** How often a process is run again whose output got lost. */
const repeats = 3;
/** How often, and how many times, a process is looked at that should end since its connection broke. */
const endLookEveryMs = 500;
const endLooks = 1200;
/** Without output for so long, the engine is asked whether the process still runs. @unit ms */
const quietMs = 30_000;

/**
 * Runs argv in a running container; all of its output is kept in memory. A non-zero exit code is a result, not an error.
 * When the connection breaks, the process is waited for and run again, so it must be one that may run twice.
 */
export async function execIn(
  docker: Dockerode,
  calls: EngineCalls,
  container: string,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const what = `run ${argv[0] ?? 'nothing'} in the container ${container}`;
  for (let failed = 0; ; ) {
    const run = new ExecRun(
      await createExec(docker, calls, what, container, argv, options),
      calls,
      what,
      options,
    );
    try {
      return await run.result();
    } catch (error) {
      options.signal?.throwIfAborted();
      failed += 1;
      if (failed > repeats || !isEngineTrouble(error)) throw error;
      // Never two at once: what it does may still be going on.
      await run.ended();
    }
  }
}

export function createExec(
  docker: Dockerode,
  calls: EngineCalls,
  what: string,
  container: string,
  argv: readonly string[],
  { env, signal, stdin, user, workingDir }: ExecOptions,
): Promise<Dockerode.Exec> {
  return calls.ask(what, signal, (more) =>
    docker.getContainer(container).exec({
      Cmd: [...argv],
      AttachStdin: stdin !== undefined,
      AttachStdout: true,
      AttachStderr: true,
      ...(user === undefined ? {} : { User: user }),
      ...(env === undefined ? {} : { Env: Object.entries(env).map(([name, value]) => `${name}=${value}`) }),
      ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
      ...more,
    }),
  );
}

/** A process in a container, from its start to its exit code. */
class ExecRun {
  readonly #exec: Dockerode.Exec;
  readonly #calls: EngineCalls;
  readonly #what: string;
  readonly #options: ExecOptions;

  constructor(exec: Dockerode.Exec, calls: EngineCalls, what: string, options: ExecOptions) {
    this.#exec = exec;
    this.#calls = calls;
    this.#what = what;
    this.#options = options;
  }

  async result(): Promise<ExecResult> {
    const { signal, stdin } = this.#options;
    const withInput = stdin !== undefined;
    const connection = await this.#calls.ask(
      this.#what,
      signal,
      (more) => this.#exec.start({ hijack: withInput, stdin: withInput, Tty: false, ...more }),
      { repeats: never },
    );
    const output = await this.#readOutput(connection);
    return { exitCode: await exitCodeOf(this.#exec, this.#calls, this.#what, signal), ...output };
  }

  /** Resolves when nothing of it runs any more. @throws ENGINE_FAILED when it goes on for minutes */
  async ended(): Promise<void> {
    const { signal } = this.#options;
    for (let waited = 0; waited < endLooks; waited += 1) {
      if (!(await this.#state()).Running) return;
      await delay(endLookEveryMs, undefined, signal ? { signal } : {});
    }
    throw new OdoError(
      'ENGINE_FAILED',
      `The connection broke while odo let the Docker engine ${this.#what}, and what it began still runs.`,
    );
  }

  #state(): Promise<{ Running: boolean; ExitCode: number | null }> {
    return this.#calls.ask(this.#what, this.#options.signal, (more) => this.#exec.inspect(more));
  }

  async #readOutput(connection: Duplex): Promise<Omit<ExecResult, 'exitCode'>> {
    const { signal, stdin } = this.#options;
    const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    // A taken-over connection no longer belongs to the request, so the request's signal does not end it.
    const interrupt = (): void => void connection.destroy();
    signal?.addEventListener('abort', interrupt, { once: true });
    const quiet = new QuietWatch(async () => !(await this.#state()).Running, connection);
    try {
      if (stdin !== undefined) connection.end(stdin);
      for await (const { stream, bytes } of demultiplex(connection)) {
        quiet.heard();
        parts[stream].push(bytes);
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#calls.error(error, this.#what);
    } finally {
      quiet.close();
      signal?.removeEventListener('abort', interrupt);
      connection.destroy();
    }
    signal?.throwIfAborted();
    const stdoutBytes = Buffer.concat(parts.stdout);
    return { stdout: stdoutBytes.toString(), stdoutBytes, stderr: Buffer.concat(parts.stderr).toString() };
  }
}

/** Of a process whose output has ended: the engine writes its exit code down a moment later. @throws ENGINE_FAILED when it still runs */
export async function exitCodeOf(
  exec: Dockerode.Exec,
  calls: EngineCalls,
  what: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { Running, ExitCode } = await calls.ask(what, signal, (more) => exec.inspect(more));
    if (!Running && ExitCode !== null) return ExitCode;
    await delay(Math.min(10 * (attempt + 1), 100), undefined, signal ? { signal } : {});
  }
  throw new OdoError(
    'ENGINE_FAILED',
    `The Docker engine could not ${what}: its output ended, but it still runs.`,
  );
}

/** Breaks a connection on which nothing comes any more although the process has ended. */
class QuietWatch {
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(hasEnded: () => Promise<boolean>, connection: Duplex) {
    this.#timer = setTimeout(() => {
      // That it cannot be asked is told by what is asked next.
      void hasEnded()
        .catch(() => false)
        .then((ended) => {
          if (this.#isClosed) return;
          if (ended) connection.destroy(new SilentStream());
          else this.#timer.refresh();
        });
    }, quietMs);
  }

  heard(): void {
    this.#timer.refresh();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}

class SilentStream extends Error {
  override readonly message = 'nothing came of its output, although it had ended';
}
