import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { waitUntil } from '../lab/wait-until.ts';

export const odoCli: string = join(import.meta.dirname, '../../src/cli.ts');

export interface OdoResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout that are JSON objects, for `--json`. */
  readonly events: readonly Record<string, unknown>[];
}

/** The program as a child of the test, without a terminal. */
export interface OdoProgram {
  readonly pid: number;
  /** What it printed so far. */
  output(): { stdout: string; stderr: string };
  /** Resolves once `found` says so about what it printed; throws when it ended before. */
  until(
    what: string,
    found: (output: { stdout: string; stderr: string }) => boolean,
    deadlineMs?: number,
  ): Promise<void>;
  kill(signal?: NodeJS.Signals): void;
  readonly ended: Promise<OdoResult>;
}

interface OdoOptions {
  readonly cwd?: string;
  /** Added to an environment without any AWS or ODO variable. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** A program that runs it, with its arguments; `pid` is then that program's. */
  readonly through?: readonly [string, ...string[]];
  /** As whom it runs; as the test itself when absent. */
  readonly uid?: number;
  readonly gid?: number;
  /** Called for each JSON line of stdout when it comes. */
  readonly onEvent?: (event: Record<string, unknown>) => void;
  /** Another entry point than the one of the sources. */
  readonly cli?: string;
}

function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      // Cut off by a kill.
      return [];
    }
  });
}

/** The environment of the tests without what odo or its stores would take from it. */
export const inheritedEnvironment = (): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS_|ODO_|S3_|NODE_OPTIONS|VITEST)/.test(name)),
  );

/** Starts `odo ARGS` from source. Give every test its own `--journal` or XDG_STATE_HOME. */
export function spawnOdo(args: readonly string[], options: OdoOptions = {}): OdoProgram {
  const { through } = options;
  const command =
    through === undefined ? ([process.execPath] as const) : ([...through, process.execPath] as const);
  const [program, ...before] = command;
  const child = spawn(program, [...before, options.cli ?? odoCli, ...args], {
    cwd: options.cwd,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    env: { ...inheritedEnvironment(), NO_COLOR: '1', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {}).end(options.input ?? '');
  let stdout = '';
  let stderr = '';
  let told = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const end = stdout.lastIndexOf('\n') + 1;
    if (options.onEvent !== undefined) jsonLines(stdout.slice(told, end)).forEach(options.onEvent);
    told = end;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let over = false;
  const ended = new Promise<OdoResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      over = true;
      resolve({ exitCode, signal, stdout, stderr, events: jsonLines(stdout) });
    });
  });
  return {
    pid: child.pid ?? -1,
    output: () => ({ stdout, stderr }),
    until: async (what, found, deadlineMs = 120_000) => {
      const met = await waitUntil(what, () => (found({ stdout, stderr }) ? 'met' : over && 'over'), {
        deadlineMs,
        everyMs: 20,
      });
      if (met === 'over') throw new Error(`odo ended before ${what}:\n${stdout}\n${stderr}`);
    },
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    ended,
  };
}

/** Runs `odo ARGS` to its end. */
export function odo(args: readonly string[], options: OdoOptions = {}): Promise<OdoResult> {
  return spawnOdo(args, options).ended;
}
