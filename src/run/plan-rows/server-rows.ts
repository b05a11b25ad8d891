import type { RestorePlan } from '../../steps/restore-plan.ts';
import type { Row } from './row.ts';

/** What runs PostgreSQL, whose the files are, and where the tablespaces go. */
export function serverRows(plan: RestorePlan): Row[] {
  return [
    ['server', plan.launcherDescription],
    ...inventoryRows(plan),
    [
      'PGDATA',
      `${plan.pgdata}, written ${plan.access === 'direct' ? 'directly' : 'through the container engine'}`,
    ],
    ['owner', `${plan.owner.uid}:${plan.owner.gid}`],
    ...plan.tablespaces.map(
      (one): Row => [
        'tablespace',
        `${one.name ?? one.oid}: ${placeText(one)}${one.sourceLocation === null ? '' : ` (was ${one.sourceLocation})`}`,
      ],
    ),
  ];
}

/** Plans of older journals do not tell. */
function inventoryRows({ server, launcher }: RestorePlan): Row[] {
  if (server === undefined || launcher.kind === 'elsewhere') return [];
  const { version, libc, icu, localeCount } = server;
  const facts = [
    version === null ? null : `PostgreSQL ${version}`,
    libc,
    icu === null ? null : `ICU ${icu}`,
    localeCount === null ? null : `${localeCount} ${localeCount === 1 ? 'locale' : 'locales'}`,
  ].filter((fact) => fact !== null);
  return [['', facts.length === 0 ? 'its programs do not tell what they are' : facts.join(', ')]];
}

function placeText({ path, serverPath, place }: RestorePlan['tablespaces'][number]): string {
  if (place === undefined) return `${path} in the data directory`;
  const how = place.access === 'direct' ? 'written directly' : 'written through the container engine';
  return place.description === serverPath
    ? `${serverPath}, ${how}`
    : `${serverPath}, ${place.description}, ${how}`;
}
