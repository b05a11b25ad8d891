import { targetText } from '../../../postgres/recovery-target.ts';
import type { RestorePlan } from '../../../steps/restore-plan.ts';
import { expectedText } from '../expected-text.ts';
import type { Row } from './row.ts';

const outageText = ({ expected }: RestorePlan): string =>
  expected?.outage == null ? '' : `; it is away for ${expectedText(expected.outage)}`;

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
  rows.push(['recover', `with ${plan.launcherDescription}, apart from the service`]);
  rows.push(atTheEnd(plan));
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

function atTheEnd(plan: RestorePlan): Row {
  const { recovery } = plan;
  const standby = recovery?.standby ?? null;
  if (standby !== null) {
    return [
      'standby',
      `not promoted: it follows its primary (${standby.primaryConninfo}) when all archived WAL is applied`,
    ];
  }
  if (!plan.promote) {
    return ['promote', 'not now: odo stops when the database is consistent; odo promote goes on'];
  }
  const action = recovery?.action ?? 'promote';
  if (action === 'promote') return ['promote', whenPromoted(plan)];
  const where = targetText(recovery?.target ?? { kind: 'end' });
  const how = action === 'pause' ? 'paused, answering read-only queries' : 'shut down';
  return ['promote', `not now: at ${where} it is held, ${how}; odo promote or odo resume goes on`];
}

function whenPromoted({ recovery }: RestorePlan): string {
  const target = recovery?.target ?? { kind: 'end' };
  return target.kind === 'end'
    ? 'when the database is consistent and all WAL is applied'
    : `when recovery has come to ${targetText(target)}; what lies behind it is not applied`;
}
