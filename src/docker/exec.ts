import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { OdoError } from '../errors/odo-error.ts';
import { ask, engineError } from './engine-error.ts';
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

/** Runs argv in a running container; all of its output is kept in memory. A non-zero exit code is a result, not an error. */
export async function execIn(
  docker: Dockerode,
  container: string,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const { signal, stdin } = options;
  const what = `run ${argv[0] ?? 'nothing'} in the container ${container}`;
  const exec = await ask(what, signal, (more) =>
    docker.getContainer(container).exec({
      Cmd: [...argv],
      AttachStdin: stdin !== undefined,
      AttachStdout: true,
      AttachStderr: true,
      ...(options.user === undefined ? {} : { User: options.user }),
      ...(options.env === undefined
        ? {}
        : { Env: Object.entries(options.env).map(([name, value]) => `${name}=${value}`) }),
      ...(options.workingDir === undefined ? {} : { WorkingDir: options.workingDir }),
      ...more,
    }),
  );
  const withInput = stdin !== undefined;
  const connection = await ask(what, signal, (more) =>
    exec.start({ hijack: withInput, stdin: withInput, Tty: false, ...more }),
  );
  const output = await readOutput(connection, what, stdin, signal);
  return { exitCode: await exitCodeOf(exec, what, signal), ...output };
}

async function readOutput(
  connection: Duplex,
  what: string,
  stdin: string | Uint8Array | undefined,
  signal: AbortSignal | undefined,
): Promise<Omit<ExecResult, 'exitCode'>> {
  const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  // A taken-over connection no longer belongs to the request, so the request's signal does not end it.
  const interrupt = (): void => void connection.destroy();
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    if (stdin !== undefined) connection.end(stdin);
    for await (const { stream, bytes } of demultiplex(connection)) parts[stream].push(bytes);
  } catch (error) {
    signal?.throwIfAborted();
    throw engineError(error, what);
  } finally {
    signal?.removeEventListener('abort', interrupt);
    connection.destroy();
  }
  signal?.throwIfAborted();
  const stdoutBytes = Buffer.concat(parts.stdout);
  return { stdout: stdoutBytes.toString(), stdoutBytes, stderr: Buffer.concat(parts.stderr).toString() };
}

/** The engine writes the exit code down a moment after the output's end. */
async function exitCodeOf(
  exec: Dockerode.Exec,
  what: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { Running, ExitCode } = await ask(what, signal, (options) => exec.inspect(options));
    if (!Running && ExitCode !== null) return ExitCode;
    await delay(Math.min(10 * (attempt + 1), 100), undefined, signal ? { signal } : {});
  }
  throw new OdoError(
    'ENGINE_FAILED',
    `The Docker engine could not ${what}: its output ended, but it still runs.`,
  );
}
