import type { LoadedSettings } from '../../config/load.ts';
import { actionRows } from '../../run/plan-rows/action-rows.ts';
import { backupRows } from '../../run/plan-rows/backup-rows.ts';
import { configurationRows } from '../../run/plan-rows/configuration-rows.ts';
import { proofRows } from '../../run/plan-rows/proof-rows.ts';
import { recoveryRows } from '../../run/plan-rows/recovery-rows.ts';
import type { Row } from '../../run/plan-rows/row.ts';
import { serverRows } from '../../run/plan-rows/server-rows.ts';
import { walRows } from '../../run/plan-rows/wal-rows.ts';
import { workRows } from '../../run/plan-rows/work-rows.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import { type DisplayedSetting, displayedSettings } from '../displayed-settings.ts';
import { durationLines } from './plan/duration-lines.ts';
import { signatureLines } from './plan/signature-lines.ts';
import { spaceLines } from './plan/space-table.ts';
import { labelled, wrap } from './text.ts';
import { formatTime } from './units.ts';

const labelWidth = 14;

export interface PlanPage {
  readonly odoVersion: string;
  /** Where the plan was made. */
  readonly host: string;
  /** It was written there, to be agreed to and executed; null when it is only looked at. */
  readonly file: string | null;
  readonly width: number;
}

/**
 * The plan as a page that an operator can sign: first what is done, then with what and to which end, then how long it
 * takes and how that is known.
 */
export function planText(plan: RestorePlan, loaded: LoadedSettings, page: PlanPage): string[] {
  const { width } = page;
  const rows = (all: readonly Row[]): string[] =>
    all.flatMap(([label, text]) => labelled(`  ${label}`, text, { labelWidth, width }));
  return [
    ...section('Plan of a restore', headLines(plan, page)),
    ...section('What happens', rows(actionRows(plan))),
    ...section('Backup', rows(backupRows(plan, whatDecided(loaded)))),
    ...section('Recovery', rows([...recoveryRows(plan), ...proofRows(plan), ...walRows(plan)])),
    ...section('Space', spaceLines(plan, width)),
    ...section('Server', rows(serverRows(plan))),
    ...section('Configuration', rows(configurationRows(plan))),
    ...section('Duration', durationLines(plan, width, labelWidth)),
    ...section('Work', rows(workRows(plan))),
    ...section(
      'Warnings',
      plan.warnings.flatMap((warning) => labelled('  -', warning, { labelWidth: 4, width })),
    ),
    ...section('Settings', settingRows(displayedSettings(loaded), width)),
    ...wrap(
      plan.removes === null
        ? 'Nothing that exists now is removed.'
        : 'Data is removed: odo start asks first, or wants --yes.',
      width,
    ),
    ...(page.file === null ? [] : signatureLines(page.file, width)),
  ];
}

/** The digest is there to be compared, and is never broken. */
const headLines = ({ createdAt, digest }: RestorePlan, { odoVersion, host, width }: PlanPage): string[] => [
  ...labelled('  made', `${formatTime(createdAt)} by odo ${odoVersion} on ${host}`, { labelWidth, width }),
  ...(digest === undefined ? [] : ['  SHA-256'.padEnd(labelWidth) + digest]),
];

/** Where the settings stand that chose the backup. */
const whatDecided = ({ layers, provenance }: LoadedSettings): string[] =>
  (['backup', 'before'] as const).filter((key) => layers[key] !== null).map((key) => provenance[key]);

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines, ''];
}

function settingRows(rows: readonly DisplayedSetting[], width: number): string[] {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length)) + 4;
  return rows.flatMap(({ name, value, provenance }) =>
    labelled(`  ${name}`, `${value} (${provenance})`, { labelWidth: nameWidth, width }),
  );
}
