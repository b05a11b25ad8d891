import { targetText } from '../../postgres/recovery-target.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import { expectedText } from '../expected-text.ts';
import type { Row } from './row.ts';

function outageText(plan: RestorePlan): string {
  const { expected } = plan;
  // For a switch-over it is stopped behind the promotion only.
  if (waitsFor(plan) !== null) return plan.stopsFirst ? '; it stays away until odo promote' : '';
  return expected?.outage == null ? '' : `; it is away for ${expectedText(expected.outage)}`;
}

/** What the run does instead of promoting, when it waits for `odo promote`; null when it goes through to its end. */
function waitsFor({ promote, recovery }: RestorePlan): Row | null {
  if (recovery?.standby != null) return null;
  if (!promote) return ['wait', 'shut down as soon as the database is consistent; odo promote goes on'];
  switch (recovery?.action ?? 'promote') {
    case 'pause':
      return ['wait', 'at the target, answering read-only queries; odo promote or odo resume goes on'];
    case 'shutdown':
      return ['wait', 'shut down at the target; odo promote or odo resume goes on'];
    case 'promote':
      return null;
  }
}

const finish = (plan: RestorePlan): Row =>
  plan.recovery?.standby == null
    ? ['promote', whenPromoted(plan)]
    : ['follow', `its primary as a standby (${plan.recovery.standby.primaryConninfo}), and never promote`];

const preparedRows: readonly Row[] = [
  ['lay out', 'all WAL and the settings of the recovery, in the data directory'],
  ['leave', 'recovery to the server that is started on it: nothing is started, and nothing proved'],
];

/** What is stopped, removed, created, written and started, in the order in which it happens. */
export function actionRows(plan: RestorePlan): Row[] {
  const rows: Row[] = [];
  const hasService = plan.service.kind !== 'none';
  const stop = (when: string): Row => [
    'stop',
    plan.serviceWasRunning
      ? `${plan.serviceDescription}, ${when}${outageText(plan)}`
      : `${plan.serviceDescription}, which does not run now`,
  ];
  if (hasService && plan.stopsFirst) rows.push(stop('before the target is touched'));
  if (plan.removes !== null) rows.push(['remove', plan.removes]);
  if (plan.targetAction === 'create') rows.push(['create', plan.targetDescription]);
  const places = plan.tablespaces.flatMap((one) =>
    one.place ? [{ ...one.place, name: one.name ?? one.oid }] : [],
  );
  for (const { action, description } of places) if (action === 'create') rows.push(['create', description]);
  rows.push([
    'write',
    `the base backup into ${plan.targetDescription}, owner ${plan.owner.uid}:${plan.owner.gid}`,
  ]);
  for (const { description, name } of places) rows.push(['write', `tablespace ${name} into ${description}`]);
  if (plan.preparesOnly === true) return [...rows, ...preparedRows];
  rows.push(['recover', `with ${plan.launcherDescription}, apart from the service`]);
  const waits = waitsFor(plan);
  if (waits !== null) rows.push(waits);
  // What odo promote does then is agreed to as well.
  rows.push(finish(plan));
  if (hasService && !plan.stopsFirst) rows.push(stop('only for the switch-over at the end'));
  if (plan.switchOver !== null) {
    const { from, toVolume, toAlias } = plan.switchOver;
    rows.push([
      'switch over',
      `${plan.serviceDescription} from ${from.alias ?? from.source} to ${toAlias === toVolume ? toVolume : `${toAlias} (volume ${toVolume})`}; ${from.source} stays as it is`,
    ]);
  }
  if (hasService) rows.push(['start', `${plan.serviceDescription}, and ask it who it is`]);
  return rows;
}

function whenPromoted({ recovery }: RestorePlan): string {
  const target = recovery?.target ?? { kind: 'end' };
  return target.kind === 'end'
    ? 'when the database is consistent and all WAL is applied'
    : `when recovery has come to ${targetText(target)}; what lies behind it is not applied`;
}
