import type { LoadedSettings } from '../../config/load.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import { type DisplayedSetting, displayedSettings } from '../displayed-settings.ts';
import { actionRows } from './plan/action-rows.ts';
import { backupRows } from './plan/backup-rows.ts';
import { configurationRows } from './plan/configuration-rows.ts';
import { recoveryRows } from './plan/recovery-rows.ts';
import type { Row } from './plan/row.ts';
import { serverRows } from './plan/server-rows.ts';
import { spaceRows } from './plan/space-rows.ts';
import { walRows } from './plan/wal-rows.ts';
import { workRows } from './plan/work-rows.ts';
import { labelled } from './text.ts';

const labelWidth = 14;

/** The plan as a page: what will be stopped, removed, created and written, and why. */
export function planText(plan: RestorePlan, loaded: LoadedSettings, width: number): string[] {
  const rows = (all: readonly Row[]): string[] =>
    all.flatMap(([label, text]) => labelled(`  ${label}`, text, { labelWidth, width }));
  return [
    ...section('What happens', rows(actionRows(plan))),
    ...section('Backup', rows(backupRows(plan, loaded))),
    ...section('Recovery', rows([...recoveryRows(plan), ...walRows(plan)])),
    ...section('Space', rows(spaceRows(plan))),
    ...section('Server', rows(serverRows(plan))),
    ...section('Configuration', rows(configurationRows(plan))),
    ...section('Work', rows(workRows(plan))),
    ...section(
      'Warnings',
      plan.warnings.flatMap((warning) => labelled('  -', warning, { labelWidth: 4, width })),
    ),
    ...section('Settings', settingRows(displayedSettings(loaded), width)),
    plan.removes === null
      ? 'Nothing that exists now is removed.'
      : 'Data is removed: odo start asks first, or wants --yes.',
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines, ''];
}

function settingRows(rows: readonly DisplayedSetting[], width: number): string[] {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length)) + 4;
  return rows.flatMap(({ name, value, provenance }) =>
    labelled(`  ${name}`, `${value} (${provenance})`, { labelWidth: nameWidth, width }),
  );
}
