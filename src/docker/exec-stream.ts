import type Dockerode from 'dockerode';
import { type EngineCalls, never } from './engine-calls.ts';
import { createExec, execIn, exitCodeOf } from './exec.ts';
import { demultiplex } from './streams.ts';

/** A program whose output is read while it runs. */
export interface ProgramStream {
  /** Its standard output, at the reader's pace. Ends when the program closes it, however it ended. */
  readonly output: AsyncIterable<Uint8Array>;
  /** After `output` has ended: how the program did, and the last of its standard error. */
  result(): Promise<{ readonly exitCode: number; readonly stderr: string }>;
  /** Ends the program and the reading; idempotent. */
  stop(): Promise<void>;
}

export interface ExecStreamOptions {
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** The last of what a program complains of. @unit characters */
export const keptStderr = 16 * 1024;

/** The engine has no call to end an exec: a shell tells its pid first and then becomes the program. */
const tellPid = (argv: readonly string[]): string[] => [
  '/bin/sh',
  '-c',
  'echo "$$" >&2; exec "$@"',
  'sh',
  ...argv,
];

/** Starts argv in a running container. Never run again: whoever reads decides what a broken connection means. */
export async function execStream(
  docker: Dockerode,
  calls: EngineCalls,
  container: string,
  argv: readonly string[],
  { user, env, signal }: ExecStreamOptions,
): Promise<ProgramStream> {
  const what = `run ${argv[0] ?? 'nothing'} in the container ${container}`;
  const options = {
    ...(user === undefined ? {} : { user }),
    ...(env === undefined ? {} : { env }),
    signal,
  };
  const exec = await createExec(docker, calls, what, container, tellPid(argv), options);
  const connection = await calls.ask(
    what,
    signal,
    (more) => exec.start({ hijack: false, stdin: false, Tty: false, ...more }),
    { repeats: never },
  );
  let pid: string | null = null;
  let stderr = '';
  let isOver = false;

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for await (const { stream, bytes } of demultiplex(connection)) {
        if (stream === 'stdout') {
          yield bytes;
          continue;
        }
        stderr += bytes.toString();
        if (pid === null && stderr.includes('\n')) {
          pid = stderr.slice(0, stderr.indexOf('\n'));
          stderr = stderr.slice(pid.length + 1);
        }
        stderr = stderr.slice(-keptStderr);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw calls.error(error, what);
    }
  }

  return {
    output: read(),
    async result() {
      const exitCode = await exitCodeOf(exec, calls, what, signal);
      isOver = true;
      return { exitCode, stderr };
    },
    async stop() {
      connection.destroy();
      if (isOver || pid === null || !/^\d+$/.test(pid)) return;
      isOver = true;
      await execIn(
        docker,
        calls,
        container,
        ['/bin/sh', '-c', `kill ${pid}`],
        user === undefined ? {} : { user },
      );
    },
  };
}
