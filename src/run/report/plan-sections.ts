import type { PlanSection } from '../../report/run-report.ts';
import { formatBytes } from '../../report/units.ts';
import type { PlannedSpace, RestorePlan } from '../../steps/restore-plan.ts';
import { expectedText } from '../expected-text.ts';
import { actionRows } from '../plan-rows/action-rows.ts';
import { backupRows } from '../plan-rows/backup-rows.ts';
import { configurationRows } from '../plan-rows/configuration-rows.ts';
import { proofRows } from '../plan-rows/proof-rows.ts';
import { recoveryRows } from '../plan-rows/recovery-rows.ts';
import type { Row } from '../plan-rows/row.ts';
import { serverRows } from '../plan-rows/server-rows.ts';
import { walRows } from '../plan-rows/wal-rows.ts';
import { workRows } from '../plan-rows/work-rows.ts';

/** The plan as `odo plan` shows it, without its settings. */
export const planSections = (plan: RestorePlan): PlanSection[] =>
  [
    section('What happens', actionRows(plan)),
    section('Backup', backupRows(plan)),
    section('Recovery', [...recoveryRows(plan), ...proofRows(plan), ...walRows(plan)]),
    section('Space', spaceRows(plan)),
    section('Server', serverRows(plan)),
    section('Configuration', configurationRows(plan)),
    section('Duration', durationRows(plan)),
    section('Work', workRows(plan)),
    section(
      'Warnings',
      plan.warnings.map((warning): Row => ['', warning]),
    ),
  ].filter(({ rows }) => rows.length > 0);

const section = (title: string, rows: readonly Row[]): PlanSection => ({
  title,
  rows: rows.map(([name, value]) => ({ name, value })),
});

const spaceRows = ({ targetDescription, space, spaceElsewhere = [] }: RestorePlan): Row[] =>
  [{ ...space, description: targetDescription }, ...spaceElsewhere].map(({ description, ...of }) => [
    description,
    spaceText(of),
  ]);

const spaceText = ({ neededBytes, neededIsExact, freeBytes, reserveBytes }: PlannedSpace): string =>
  `${neededIsExact ? '' : 'about '}${formatBytes(neededBytes)} needed of ${formatBytes(freeBytes)} free, ${formatBytes(reserveBytes)} are kept free`;

function durationRows({ expected }: RestorePlan): Row[] {
  if (expected === undefined) return [];
  return [
    ['in total', expectedText(expected.total)],
    ...(expected.outage === null
      ? []
      : [['outage', `${expectedText(expected.outage)} without the service`] satisfies Row]),
  ];
}
