import { execa } from 'execa';
import { OdoError } from '../errors/odo-error.ts';
import type { Owner } from '../target/tree.ts';
import type { ToolResult } from './ask-server.ts';

export interface RunAsOptions {
  /** Null: as this process. */
  readonly owner: Owner | null;
  readonly stdin?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Added to the environment below. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program of the host; a non-zero exit code is a result. @throws PRECONDITION_FAILED, STEP_FAILED */
export async function runAs(
  program: string,
  args: readonly string[],
  { owner, stdin, signal, environment }: RunAsOptions,
): Promise<ToolResult> {
  signal?.throwIfAborted();
  const result = await execa(program, [...args], {
    ...identity(owner),
    cwd: '/', // root's own directory, where odo may have been started, is closed to others
    extendEnv: false,
    env: { ...serverEnvironment(), ...environment },
    ...(stdin === undefined ? { stdin: 'ignore' as const } : { input: stdin }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    reject: false,
  });
  signal?.throwIfAborted();
  if (result.exitCode === undefined && result.signal === undefined) {
    throw new OdoError('STEP_FAILED', `${program} could not be run: ${result.shortMessage}`, {
      cause: result.cause,
    });
  }
  return { exitCode: result.exitCode ?? 255, stdout: result.stdout, stderr: result.stderr };
}

/** uid and gid for a spawn; nothing when this process is that user already. */
export function identity(owner: Owner | null): { uid?: number; gid?: number } {
  const uid = process.getuid?.();
  if (owner === null || (owner.uid === uid && (uid !== 0 || owner.gid === process.getgid?.()))) return {};
  if (uid !== 0) {
    throw new OdoError(
      'PRECONDITION_FAILED',
      `PostgreSQL must run as the owner of its files (uid ${owner.uid}), and odo runs as uid ${uid}.`,
      {
        hint: `Run odo as root or as that user, or give the restored files your own uid with --owner ${uid}:${process.getgid?.()}.`,
      },
    );
  }
  return { uid: owner.uid, gid: owner.gid };
}

/** Neither odo's credentials nor the operator's PGPORT, PGDATA and the like reach a server. */
export function serverEnvironment(): Record<string, string> {
  const { PATH, LANG, TZ } = process.env;
  return {
    PATH: PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: '/',
    ...(LANG === undefined ? {} : { LANG }),
    ...(TZ === undefined ? {} : { TZ }),
  };
}
