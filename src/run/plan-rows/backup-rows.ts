import type { RestorePlan } from '../../steps/restore-plan.ts';
import { formatTime } from '../../steps/units.ts';
import { dataRows } from './data-rows.ts';
import { capped, type Row } from './row.ts';

/** A page is read: of a backup in hundreds of parts the rest is in the JSON. */
const mostNamed = 12;

/** Which backup, why this one, and which were passed over. `asked`: the settings that decided it. */
export function backupRows(
  { contents, selectedBecause, passedOver, source }: RestorePlan,
  asked: readonly string[] = [],
): Row[] {
  const { backup } = contents;
  const facts = [
    backup.format,
    backup.serverMajor === null ? null : `PostgreSQL ${backup.serverMajor}`,
    backup.finishedAt === null ? null : `finished ${formatTime(backup.finishedAt)}`,
    backup.systemIdentifier === null ? null : `system identifier ${backup.systemIdentifier}`,
  ].filter((fact) => fact !== null);
  return [
    [
      'source',
      `${source.url}${source.endpoint === null ? '' : ` at ${source.endpoint}`}${source.region === null ? '' : `, region ${source.region}`}`,
    ],
    [
      'backup',
      `${backup.id}${backup.name === null ? '' : ` (${backup.name})`}${backup.server === null ? '' : `, server ${backup.server}`}`,
    ],
    ['', facts.join(', ')],
    ...(selectedBecause === undefined
      ? []
      : [['why', `${selectedBecause}${asked.length === 0 ? '' : ` (${asked.join(', ')})`}`] satisfies Row]),
    ...capped(
      passedOver.map(({ id, problem }): Row => ['passed over', `${id}: ${problem}`]),
      mostNamed,
    ),
    ...dataRows(contents, mostNamed),
  ];
}
