import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../lab/run-command.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { odo } from './odo-program.ts';
import { type StallingBackup, stallsAt } from './stalling-backup.ts';

/** Where a volume lies on this host. */
export const mountPoint = (volume: string): Promise<string> =>
  run('docker', ['volume', 'inspect', '-f', '{{.Mountpoint}}', volume]);

/** What tests ask of a line of `odo status --json`. */
export interface RunStatus {
  readonly runId: string;
  readonly status: string;
  readonly verdict: string | null;
  readonly phases: readonly { readonly phase: string; readonly state: string; readonly attempts: number }[];
  readonly lastCheckpointAt: string | null;
}

/** `odo status` of all runs in a journal that lies in a volume, newest first. */
export async function runsIn(stateVolume: string): Promise<readonly RunStatus[]> {
  const journal = join(await mountPoint(stateVolume), 'journal.sqlite');
  const { events } = await odo(['status', '--json', '--journal', journal]);
  return events as unknown as readonly RunStatus[];
}

/** How often each phase of a run was begun. */
export const attemptsOf = (status: RunStatus | undefined): Readonly<Record<string, number>> =>
  Object.fromEntries(status?.phases.map(({ phase, attempts }) => [phase, attempts]) ?? []);

/** Until the base archive is at its half, with a checkpoint inside it, and all of the WAL is there. */
export function untilHalfRestored(source: StallingBackup, stateVolume: string): Promise<RunStatus> {
  return waitUntil(
    'half of the base archive and all WAL is restored',
    async () => {
      if (!source.isStalled) return null;
      const [status] = await runsIn(stateVolume);
      if (status === undefined || status.lastCheckpointAt === null) return null;
      const wal = status.phases.find(({ phase }) => phase === 'restoreWal');
      return wal?.state === 'completed' ? status : null;
    },
    { deadlineMs: 120_000, everyMs: 500 },
  );
}

export interface ContainerState {
  readonly status: string;
  readonly exitCode: number;
  readonly restarts: number;
  /** On this host; 0 when it does not run. */
  readonly pid: number;
}

export async function containerState(container: string): Promise<ContainerState> {
  const [found] = JSON.parse(await run('docker', ['container', 'inspect', container]));
  const { Status: status, ExitCode: exitCode, Pid: pid } = found.State;
  return { status, exitCode, restarts: found.RestartCount, pid };
}

/** As the kernel does when memory runs out: the engine has no part in it, and starts the container again by its policy. */
export async function killContainer(container: string): Promise<void> {
  const { pid } = await containerState(container);
  if (pid === 0) throw new Error(`${container} does not run.`);
  process.kill(pid, 'SIGKILL');
}

/** What lies in a volume. */
export const contentsOf = async (volume: string): Promise<readonly string[]> =>
  readdir(await mountPoint(volume));

/** The second life of the run went on where the first one was killed, and read nothing again but since its last checkpoint. */
export function expectResumed(source: StallingBackup, status: RunStatus | undefined): void {
  expect(attemptsOf(status)).toMatchObject({
    preflight: 1,
    plan: 1,
    prepareTarget: 1,
    restoreBase: 2,
    restoreWal: 1,
  });
  // A checkpoint every 16 MiB of output is one every 6 MB of the archive or so.
  expect(source.beginsInBase.length).toBeGreaterThan(0);
  expect(Math.min(...source.beginsInBase)).toBeGreaterThan(stallsAt / 2);
  // Recovery goes through two servers, and the second begins again in the segment where the backup begins.
  expect(new Set(source.segments).size).toBeLessThanOrEqual(1);
}
