import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages } from '../../lab/debian-packages.ts';
import { run } from '../../lab/run-command.ts';

/** Kinds of calls, as failing-calls.c names them. `create` is an open that may make the file. */
export type CallKind =
  | 'chmod'
  | 'chown'
  | 'close'
  | 'create'
  | 'fdatasync'
  | 'fsync'
  | 'list'
  | 'mkdir'
  | 'open'
  | 'read'
  | 'rename'
  | 'rmdir'
  | 'stat'
  | 'symlink'
  | 'syncfs'
  | 'truncate'
  | 'unlink'
  | 'write';

export interface Fault {
  readonly kind: CallKind;
  /** Of paths below the root, each beginning with `/`; `*` stands for any characters. */
  readonly where: string;
  /** Which of those calls, from 1. */
  readonly number: number;
  /** `SHORT`: a write takes only the first half. */
  readonly error: 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EINTR' | 'SHORT';
  /** What fails with the same error from then on. */
  readonly lasting?: { readonly kinds: readonly CallKind[]; readonly where: string };
}

export interface Call {
  readonly pid: number;
  readonly kind: CallKind;
  readonly path: string;
}

/** One process, and the GNU `sync` that it starts, under watch. */
export interface Watched extends AsyncDisposable {
  /** To be added to the process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** In the order in which they were made. */
  calls(): Promise<Call[]>;
  /** How many calls have failed. */
  failed(): Promise<number>;
}

export interface FailingCalls extends AsyncDisposable {
  watch(options: {
    readonly root: string;
    readonly fault?: Fault;
    readonly traced?: boolean;
  }): Promise<Watched>;
}

/** Builds the library that stands between a program and the system. */
export async function buildFailingCalls(): Promise<FailingCalls> {
  await installPackages(['gcc', 'libc6-dev']);
  const directory = await mkdtemp(join(tmpdir(), 'odo-test-calls-'));
  const library = join(directory, 'failing-calls.so');
  const source = join(import.meta.dirname, 'failing-calls.c');
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared'];
  await run('gcc', [...flags, '-o', library, source, '-ldl']);
  return {
    watch: async ({ root, fault, traced = false }) => {
      const own = await mkdtemp(join(directory, 'watched-'));
      const state = join(own, 'state');
      const trace = join(own, 'trace');
      const variables = {
        LD_PRELOAD: library,
        FAILING_CALLS_ROOT: root,
        FAILING_CALLS_STATE: state,
        ...(traced ? { FAILING_CALLS_TRACE: trace } : {}),
        ...(fault === undefined ? {} : { FAILING_CALLS_FAIL: textOf(fault) }),
      };
      // Nothing that odo starts has the library: this one program is given it again.
      const sync = join(own, 'sync');
      const quoted = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
      await writeFile(sync, `#!/bin/sh\nexec env ${quoted.join(' ')} /bin/sync "$@"\n`);
      await chmod(sync, 0o755);
      return {
        env: { ...variables, PATH: `${own}:${process.env.PATH ?? ''}` },
        calls: async () => (await readFile(trace, 'utf8')).split('\n').flatMap(callIn),
        // The third number of the library's `struct state`.
        failed: async () => (await readFile(state)).readUInt32LE(8),
        [Symbol.asyncDispose]: () => rm(own, { recursive: true }),
      };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

function textOf({ kind, where, number, error, lasting }: Fault): string {
  const code = error === 'SHORT' ? 0 : constants.errno[error];
  return [kind, where, number, code, lasting?.kinds.join(',') ?? '', lasting?.where ?? ''].join('|');
}

function callIn(line: string): Call[] {
  const [, pid, kind, path] = /^(\d+) (\w+) (.*)$/.exec(line) ?? [];
  return pid === undefined ? [] : [{ pid: Number(pid), kind: kind as CallKind, path: path ?? '' }];
}
