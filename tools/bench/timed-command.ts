import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { programs } from './programs.ts';

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What a command cost, with every child it waited for. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system. */
  readonly cpuSeconds: number;
  /** Of the largest single process: the kernel does not add up a tree. */
  readonly peakRssBytes: number;
}

export interface TimedRun extends Cost {
  readonly stdout: readonly string[];
  readonly killed: boolean;
}

/**
 * Runs a command below /usr/bin/time, which has the kernel's own account of it. `onLine` sees each line of its stdout as
 * it comes, with the seconds since the start, and may kill the command with SIGKILL. Any other failure throws.
 */
export async function runTimed(
  command: Command,
  onLine: (line: string, seconds: number, kill: () => void) => void = () => {},
): Promise<TimedRun> {
  const account = join(tmpdir(), `odo-bench-${randomUUID()}`);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const child = spawn(programs.time, ['-q', '-f', '%U %S %M', '-o', account, ...command.argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that all of a pipe ends when the bench is ended.
    detached: true,
    env: { ...process.env, ...command.env },
  });
  const abandon = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  };
  process.once('exit', abandon);
  let killed = false;
  const kill = () => {
    if (killed) return;
    killed = true;
    // Not /usr/bin/time itself: it would leave its child alone, and no account.
    const [pid] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    if (pid) process.kill(Number(pid), 'SIGKILL');
  };
  const stdout: string[] = [];
  let stderr = '';
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    stdout.push(line);
    onLine(line, seconds(), kill);
  });
  child.stderr.on('data', (piece: Buffer) => {
    stderr = (stderr + piece.toString()).slice(-3000);
  });
  try {
    let wallSeconds = 0;
    child.once('exit', () => {
      wallSeconds = seconds();
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0 && !killed)
      throw new Error(
        `${command.argv.join(' ').slice(0, 400)} failed (${code}):\n${stderr}\n${stdout.slice(-5).join('\n').slice(-2000)}`,
      );
    const [user, system, kilobytes] = (readFileSync(account, 'utf8').trim().split('\n').at(-1) ?? '')
      .split(' ')
      .map(Number);
    return {
      wallSeconds,
      cpuSeconds: (user ?? Number.NaN) + (system ?? Number.NaN),
      peakRssBytes: (kilobytes ?? Number.NaN) * 1024,
      stdout,
      killed,
    };
  } finally {
    process.off('exit', abandon);
    rmSync(account, { force: true });
  }
}
