import type { ErrorCode } from '../errors/codes.ts';
import { canonicalJson } from './canonical-json.ts';
import { ofTheMoment } from './plan-digest.ts';
import type { FoundState, PlannedTablespace, RestorePlan } from './restore-plan.ts';

/** Something that a plan promised and that is otherwise now. */
export interface PlanDifference {
  readonly code: Extract<ErrorCode, 'TARGET_CHANGED' | 'SERVICE_CONFLICT' | 'PLAN_OUTDATED'>;
  /** A sentence: what it was in the plan, what it is now. */
  readonly text: string;
}

const same = (one: unknown, other: unknown): boolean =>
  canonicalJson(one ?? null) === canonicalJson(other ?? null);

/** Compared in words below, by their objects (`contents`), or chosen anew by nobody: the plan's own are executed. */
const comparedApart: readonly (keyof RestorePlan)[] = [
  ...ofTheMoment,
  'contents',
  'source',
  'target',
  'targetDescription',
  'targetAction',
  'found',
  'tablespaces',
  'service',
  'serviceDescription',
  'serviceWasRunning',
  'stopsFirst',
  'switchOver',
  'launcher',
  'launcherDescription',
  'imageId',
  'serverMajor',
  'server',
  'configuration',
  'owner',
  'pgdata',
  'override',
  'recovery',
  'jobs',
];

/**
 * What of an agreed plan no longer holds, seen from the plan that the same request gives now. Of what is read only the
 * backup's identity is compared here; the objects are looked at one by one. Newer WAL is no difference.
 */
export function planDifferences(agreed: RestorePlan, now: RestorePlan): PlanDifference[] {
  return [
    ...targetDifferences(agreed, now),
    ...tablespaceDifferences(agreed.tablespaces, now.tablespaces),
    ...serviceDifferences(agreed, now),
    ...serverDifferences(agreed, now),
    ...backupDifferences(agreed, now),
    ...otherDifferences(agreed, now),
  ];
}

const changed = (text: string): PlanDifference => ({ code: 'TARGET_CHANGED', text });
const outdated = (text: string): PlanDifference => ({ code: 'PLAN_OUTDATED', text });
const conflict = (text: string): PlanDifference => ({ code: 'SERVICE_CONFLICT', text });

function targetDifferences(agreed: RestorePlan, now: RestorePlan): PlanDifference[] {
  if (!same(agreed.target, now.target)) {
    return [
      changed(
        `The plan restores into ${agreed.targetDescription}; now that would be ${now.targetDescription}.`,
      ),
    ];
  }
  if (!same(agreed.found, now.found)) {
    return [changed(stateText(agreed.targetDescription, agreed.found, now.found))];
  }
  return agreed.targetAction === now.targetAction
    ? []
    : [
        changed(
          `${agreed.targetDescription} would be ${deeds[now.targetAction]}, not ${deeds[agreed.targetAction]}.`,
        ),
      ];
}

const deeds = { create: 'created', fill: 'filled', clean: 'cleaned and filled' } as const;

const stateText = (
  description: string,
  agreed: FoundState | undefined,
  now: FoundState | undefined,
): string =>
  `${description} held ${foundText(agreed)} when the plan was made, and holds ${foundText(now)} now.`;

function foundText(found: FoundState | undefined): string {
  if (found === undefined) return 'what nobody recorded';
  if (!found.exists) return 'nothing (it did not exist)';
  switch (found.holds) {
    case 'nothing':
      return 'nothing';
    case 'other-files':
      return 'other files';
    case 'tablespace':
      return 'a tablespace';
    case 'data-directory': {
      const major = found.serverMajor === null ? '' : ` of PostgreSQL ${found.serverMajor}`;
      const who = found.systemIdentifier === null ? '' : `, system identifier ${found.systemIdentifier}`;
      return `a data directory${major}${who}`;
    }
  }
}

function tablespaceDifferences(
  agreed: readonly PlannedTablespace[],
  now: readonly PlannedTablespace[],
): PlanDifference[] {
  const differences = agreed.flatMap((one): PlanDifference[] => {
    const other = now.find(({ oid }) => oid === one.oid);
    const name = one.name ?? one.oid;
    if (other === undefined) return [changed(`The backup no longer has the tablespace ${name}.`)];
    if (!same({ ...one, place: one.place?.target }, { ...other, place: other.place?.target })) {
      return [
        changed(
          `Tablespace ${name} goes to ${one.serverPath} in the plan; now that would be ${other.serverPath}.`,
        ),
      ];
    }
    return one.place === undefined || same(one.place.found, other.place?.found)
      ? []
      : [changed(stateText(one.place.description, one.place.found, other.place?.found))];
  });
  const more = now.filter(({ oid }) => agreed.every((one) => one.oid !== oid));
  return [
    ...differences,
    ...more.map(({ oid, name }) =>
      changed(`The backup now has the tablespace ${name ?? oid}, of which the plan knows nothing.`),
    ),
  ];
}

function serviceDifferences(agreed: RestorePlan, now: RestorePlan): PlanDifference[] {
  const name = agreed.serviceDescription;
  const differences: PlanDifference[] = [];
  if (!same(agreed.service, now.service) || name !== now.serviceDescription) {
    return [conflict(`The plan is for ${name}; now that would be ${now.serviceDescription}.`)];
  }
  // A service that was stopped meanwhile is where the plan would bring it.
  if (now.serviceWasRunning && !agreed.serviceWasRunning)
    differences.push(
      conflict(`${name} did not run when the plan was made, and runs now: the restore would stop it.`),
    );
  if (agreed.stopsFirst !== now.stopsFirst || !same(agreed.switchOver, now.switchOver))
    differences.push(
      conflict(`${name} is no longer set up as it was: its volume or its definition changed.`),
    );
  return differences;
}

function serverDifferences(agreed: RestorePlan, now: RestorePlan): PlanDifference[] {
  if (agreed.launcherDescription !== now.launcherDescription || agreed.serverMajor !== now.serverMajor) {
    return [
      conflict(
        `The plan recovers with ${agreed.launcherDescription}; now that would be ${now.launcherDescription}.`,
      ),
    ];
  }
  if ((agreed.imageId ?? null) !== (now.imageId ?? null)) {
    return [
      conflict(
        `${agreed.launcherDescription} is another image than when the plan was made (${now.imageId}, it was ${agreed.imageId}).`,
      ),
    ];
  }
  const differences: PlanDifference[] = [];
  if (!same(agreed.launcher, now.launcher) || agreed.pgdata !== now.pgdata)
    differences.push(
      conflict(
        `${agreed.launcherDescription} would be started with other mounts or as another user than in the plan.`,
      ),
    );
  if (!same(agreed.owner, now.owner)) {
    const [was, is] = [agreed.owner, now.owner].map(({ uid, gid }) => `${uid}:${gid}`);
    differences.push(conflict(`The files would belong to ${is}, not to ${was} as in the plan.`));
  }
  if (!same(agreed.server, now.server)) {
    differences.push(
      conflict(
        `${agreed.launcherDescription} is ${installation(now)} now, and was ${installation(agreed)} when the plan was made.`,
      ),
    );
  }
  if (!same(agreed.configuration, now.configuration)) {
    differences.push(
      outdated('Other settings of the database’s configuration would be changed than the plan says.'),
    );
  }
  if (!same(agreed.override, now.override))
    differences.push(
      outdated(
        `${agreed.override?.path ?? 'The file for postgresql.auto.conf'} is not the file that it was when the plan was made (its SHA-256 differs).`,
      ),
    );
  return differences;
}

function installation({ server }: RestorePlan): string {
  if (server === undefined) return 'of unknown version';
  const { version, libc, icu, localeCount } = server;
  return [
    version ?? 'of unknown version',
    libc ?? 'without a known C library',
    icu === null ? 'without ICU' : `ICU ${icu}`,
    ...(localeCount === null ? [] : [`${localeCount} locales`]),
  ].join(', ');
}

function backupDifferences(
  { contents: agreed }: RestorePlan,
  { contents: now }: RestorePlan,
): PlanDifference[] {
  const identity = ({ backup }: RestorePlan['contents']) => [
    backup.id,
    backup.systemIdentifier,
    backup.beginLsn,
    backup.endLsn,
    backup.timeline,
  ];
  return same(identity(agreed), identity(now))
    ? []
    : [outdated(`Backup ${agreed.backup.id} is another one than when the plan was made.`)];
}

/** Whatever else a plan says; a difference in it is rare, and no reason to go on silently. */
function otherDifferences(agreed: RestorePlan, now: RestorePlan): PlanDifference[] {
  const keys = [...new Set([...Object.keys(agreed), ...Object.keys(now)])] as (keyof RestorePlan)[];
  return keys
    .filter((key) => !comparedApart.includes(key) && !same(agreed[key], now[key]))
    .map((key) =>
      outdated(`The plan says ${key}: ${shown(agreed[key])}; now that would be ${shown(now[key])}.`),
    );
}

const shown = (value: unknown): string => {
  const text = canonicalJson(value ?? null);
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
};
