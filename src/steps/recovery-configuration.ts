import type { ControlFile } from '../postgres/control-file.ts';
import { formatRecoveryConfiguration } from '../postgres/recovery-settings.ts';
import type { RecoveryTarget, RecoveryTargetAction } from '../postgres/recovery-target.ts';
import type { ServerLauncher } from '../service/server-launcher.ts';
import type { Target } from '../target/target.ts';
import { hbaFile, holdScript, identFile, restoreScript } from './layout.ts';
import { recoveryOf } from './planned-recovery.ts';
import { readControl } from './read-control.ts';
import { restoreCommand } from './restore-command.ts';
import type { StepContext } from './step.ts';
import { timelineSetting } from './timeline-setting.ts';
import { openWorkTree } from './work-tree.ts';

/** Where a recovery server shall stop, and what it does there. */
export interface RecoveryGoal {
  /** In the work directory. */
  readonly configFile: string;
  readonly stop: RecoveryTarget;
  readonly action: RecoveryTargetAction;
}

/**
 * Where a run goes in the end. Of WAL that came with the backup the last record is known when it is unpacked.
 */
export function stopOf(context: Pick<StepContext, 'plan' | 'outputOf'>): RecoveryTarget {
  const { stop } = recoveryOf(context.plan());
  const last = stop.kind === 'end' ? context.outputOf('configureRecovery')?.lastRecordLsn : null;
  return typeof last === 'string' ? { kind: 'lsn', lsn: last, inclusive: true } : stop;
}

/**
 * Writes the configuration that a recovery server is launched with. The step that launches it does so, each time:
 * where recovery goes can change between two servers, and so can the settings of the primary, which pg_control has
 * as far as WAL was replayed.
 */
export async function writeRecoveryConfiguration(
  context: StepContext,
  { target, launcher }: { readonly target: Target; readonly launcher: ServerLauncher },
  { configFile, stop, action }: RecoveryGoal,
): Promise<void> {
  const plan = context.plan();
  const { workDirectory } = launcher.paths;
  const control = await readControl(await target.dataTree(context.runId));
  const timeline = timelineSetting(plan);
  const isHeld = action !== 'promote';
  const text = formatRecoveryConfiguration({
    serverMajor: plan.serverMajor,
    restoreCommand: restoreCommand(workDirectory, isHeld ? holdScript : restoreScript),
    target: stop,
    action,
    timeline,
    hbaFile: `${workDirectory}/${hbaFile}`,
    identFile: `${workDirectory}/${identFile}`,
    maxima: control.maxima,
    more: keptSettings(control),
  });
  const work = await openWorkTree(context, target);
  // Readable for all, so that they need no owner of their own; the directory lets only the owner in.
  if (isHeld) {
    const newest = timeline === 'current' ? control.checkpointTimeline : timeline;
    await work.writeFile(holdScript, holdScriptText(workDirectory, newest), 0o644);
  }
  await work.writeFile(configFile, text, 0o644);
}

/** What promotion and a drill must not change: starting once without them writes another state into pg_control. */
export const keptSettings = (control: ControlFile): Record<string, string> => ({
  wal_level: control.walLevel,
  wal_log_hints: control.walLogHints ? 'on' : 'off',
  // Starting once without it would throw away every recorded commit time.
  track_commit_timestamp: control.trackCommitTimestamp ? 'on' : 'off',
});

/** Printed by a held server's restore_command when the server is about to promote. */
export const heldMessage = 'odo: recovery is held here, and this server must not open a new timeline';

/**
 * restore_command of a server that must not promote, whatever it is told: WAL that ends too early, a target at which
 * nobody could connect yet (it does not pause then), or somebody's pg_wal_replay_resume() would all promote it. The
 * first thing a promotion does is to look for the history of a newer timeline (timeline.c, findNewestTimeLine), before
 * it writes anything; above 125 the answer ends the server (xlogarchive.c, RestoreArchivedFile).
 */
export function holdScriptText(workDirectory: string, newestTimeline: number): string {
  return `#!/bin/sh
case "$1" in
*.history)
  if [ $((0x\${1%.history})) -gt ${newestTimeline} ]; then
    echo "${heldMessage}" >&2
    exit 255
  fi
  ;;
esac
exec /bin/sh '${workDirectory}/${restoreScript}' "$1" "$2"
`;
}
