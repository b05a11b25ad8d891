import { phaseNames, phaseNameWidth } from '../../run/phase-names.ts';
import { recoveryText } from '../../run/recovery-text.ts';
import type { PhaseStatus, RunStatus } from '../../run/run-api.ts';
import { errorText } from './error-text.ts';
import { replayText } from './event-text.ts';
import { connectionTo, heldText, lookCommand } from './held-text.ts';
import { indented, labelled, printable } from './text.ts';
import { formatAmount, formatDuration, formatPercent, formatTime } from './units.ts';

const marks = {
  pending: '   ',
  running: ' ..',
  completed: ' ok',
  failed: ' !!',
  interrupted: ' --',
} as const satisfies Record<PhaseStatus['state'], string>;

/** One run: where it stands, from the journal alone. `next` is the command that goes on. */
export function statusText(
  status: RunStatus,
  options: { nowMs: number; width: number; next: string | null },
): string[] {
  const { nowMs, width, next } = options;
  const row = (label: string, text: string): string[] => labelled(label, text, { labelWidth: 12, width });
  const look = status.held === null ? null : lookCommand(status.held);
  const connection = status.held === null ? null : connectionTo(status.held);
  const ago = (time: string): string => `${formatDuration(nowMs - Date.parse(time))} ago`;
  return [
    ...row(status.kind === 'drill' ? 'drill' : 'run', status.runId),
    ...(status.runKey === null ? [] : row('key', status.runKey)),
    ...row('status', `${status.status}${status.heldBy === null ? '' : `, ${status.heldBy}`}`),
    ...(status.verdict === null ? [] : row('verdict', status.verdict)),
    ...(status.abandonedAt === null
      ? []
      : row('given up', `${formatTime(status.abandonedAt)}, ${ago(status.abandonedAt)}`)),
    ...(status.held === null ? [] : row('held', heldText(status.held))),
    ...row('started', `${formatTime(status.startedAt)}, ${ago(status.startedAt)}`),
    ...(status.endedAt === null ? [] : row('ended', `${formatTime(status.endedAt)}, ${ago(status.endedAt)}`)),
    ...row('source', status.source),
    ...(status.backup === null ? [] : row('backup', status.backup)),
    ...row('target', status.target),
    ...row('service', status.service),
    ...(status.planDigest === null ? [] : row('plan', `SHA-256 ${status.planDigest}`)),
    ...(status.planFile === null ? [] : row('', `agreed to in ${status.planFile}`)),
    ...(status.lastCheckpointAt === null
      ? []
      : row('checkpoint', `${formatTime(status.lastCheckpointAt)}, ${ago(status.lastCheckpointAt)}`)),
    '',
    ...status.phases.flatMap((phase) => [
      phaseLine(phase, status, nowMs),
      ...replayLines(phase, status, width),
      ...status.recovery
        .filter((milestone) => milestone.phase === phase.phase)
        .flatMap((milestone) => indented(`${formatTime(milestone.at)} ${recoveryText(milestone)}`, 5, width)),
    ]),
    ...(status.error === null ? [] : ['', ...errorText(status.error, { width, withStack: false })]),
    // Never wrapped: they are there to be copied.
    ...(look === null ? [] : ['', 'look'.padEnd(12) + look]),
    ...(connection === null ? [] : ['connect'.padEnd(12) + connection]),
    ...(next === null ? [] : ['', 'next'.padEnd(12) + next]),
  ];
}

function phaseLine(phase: PhaseStatus, status: RunStatus, nowMs: number): string {
  const parts: string[] = [];
  if (phase.startedAt !== null && phase.state !== 'pending') {
    const endMs =
      phase.endedAt !== null && phase.state !== 'running'
        ? Date.parse(phase.endedAt)
        : phase.state === 'running'
          ? nowMs
          : null;
    if (endMs !== null) parts.push(formatDuration(endMs - Date.parse(phase.startedAt)));
  }
  if (phase.phase === 'restoreBase' && phase.state !== 'completed' && status.baseBytes !== null) {
    const { done, total } = status.baseBytes;
    parts.push(`${formatPercent(done, total) ?? ''} ${formatAmount(done, total, 'bytes')} stored`.trim());
  }
  if (phase.attempts > 1) parts.push(`attempt ${phase.attempts}`);
  return `${marks[phase.state]}  ${phaseNames[phase.phase].padEnd(phaseNameWidth)}  ${parts.join('   ')}`.trimEnd();
}

/** Of the phase that replays, or was replaying when odo ended. */
function replayLines(phase: PhaseStatus, { currentPhase, replay }: RunStatus, width: number): string[] {
  if (replay === null || phase.phase !== currentPhase) return [];
  return indented(replayText(replay), 5, width);
}

/** Every run, newest first. */
export function runsText(runs: readonly RunStatus[]): string[] {
  if (runs.length === 0) return ['There are no runs yet.'];
  const titles = ['run', 'kind', 'status', 'started', 'backup', 'target', 'phase'];
  const rows = runs.map((run) =>
    [
      run.runId,
      run.kind,
      run.verdict === null ? run.status : `${run.status}, ${run.verdict}`,
      formatTime(run.startedAt),
      run.backup ?? '-',
      run.target,
      run.currentPhase === null ? '-' : phaseNames[run.currentPhase],
    ].map(printable),
  );
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [titles, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
