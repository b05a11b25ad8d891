import type { PlannedConfiguration } from '../../steps/planned-configuration.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import type { Row } from './row.ts';

/** What the backup's configuration says, and what of it is replaced or left out so that the server starts. */
export const configurationRows = ({ override, configuration }: RestorePlan): Row[] => [
  ...(configuration === undefined ? [] : [...sourceRows(configuration), ...editRows(configuration)]),
  ...(override === null
    ? []
    : [
        [
          'replaced',
          `postgresql.auto.conf by ${override.path} (SHA-256 ${override.sha256.slice(0, 16)}…)`,
        ] satisfies Row,
      ]),
];

function sourceRows({ source }: PlannedConfiguration): Row[] {
  if (source === null)
    return [['read', 'when it is restored: it does not stand at the beginning of the backup']];
  const { origin, files, settings } = source;
  const values = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return [
    ['read', `${origin === null ? '' : `of ${origin}: `}${files.join(', ')}`],
    ...(values.length === 0 ? [] : [['', values.join(', ')] satisfies Row]),
  ];
}

function editRows({ isKept, source }: PlannedConfiguration): Row[] {
  if (isKept) return [['edited', 'nothing (--keep-config)']];
  if (source === null)
    return [['edited', 'what belongs to the source is commented out; archiving is switched off']];
  if (source.edits.length === 0) return [['edited', 'nothing, as far as can be seen now']];
  return source.edits.map(({ text }, index) => [index === 0 ? 'edited' : '', text]);
}
