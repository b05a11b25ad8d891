import type { ErrorCode } from '../errors/codes.ts';
import type { ErrorData } from '../errors/serialize.ts';
import type { PreflightFacts } from './facts.ts';
import { keptPlaceRefused } from './kept-places.ts';
import { otherDatabaseRefused } from './other-database.ts';
import { refusal } from './refusal.ts';
import { inWords, overlapOf, overlapText } from './resolve-tablespaces.ts';
import type { RestoreRequest } from './restore-request.ts';
import { spaceNeeds } from './space.ts';
import { isReplaced } from './tablespace-facts.ts';
import { formatBytes } from './units.ts';

/** What a preliminary check looks at: the gathered facts and what the operator asked for. */
export interface CheckInput {
  readonly facts: PreflightFacts;
  readonly request: RestoreRequest;
}

/** Null when the check passes; otherwise what was found, where, and the way out. Pure and total. */
export type Check = (input: CheckInput) => ErrorData | null;

const problemOf =
  (codes: readonly ErrorCode[]): Check =>
  ({ facts }) =>
    facts.contents.problems.find((problem) => codes.includes(problem.code)) ?? null;

/** The data directory's target and every place of a tablespace, as they are now. */
const targetsOf = ({ target, closedParent, tablespaces }: PreflightFacts) => [
  { name: 'the data directory', facts: target, closedParent },
  ...tablespaces.flatMap(({ tablespace, place }) =>
    place === null ? [] : [{ ...place, name: inWords(tablespace) }],
  ),
];

/** The first refusal, if any. */
const firstOf = <One>(all: readonly One[], check: (one: One) => ErrorData | null): ErrorData | null =>
  all.map(check).find((problem) => problem !== null) ?? null;

/** The engine's writer only writes whole files. */
function patchingRefused(facts: PreflightFacts): ErrorData | null {
  if ((facts.contents.links ?? []).length === 0) return null;
  return firstOf(targetsOf(facts), ({ facts: { access, description } }) =>
    access === 'direct'
      ? null
      : refusal(
          'PRECONDITION_FAILED',
          `Backup ${facts.contents.backup.id} is incremental: files are changed in places, and through the container engine odo can only write whole ones to ${description}.`,
          'Run odo where it can write the volume itself (as root on the engine’s host, --volume-access direct), or restore into a directory with --data-dir.',
        ),
  );
}

const handledElsewhere: readonly ErrorCode[] = ['FORMAT_UNKNOWN', 'WAL_MISSING', 'TARGET_UNREACHABLE'];

/**
 * Every preliminary check, in the order a person wants to hear about them; the first that refuses gives the
 * exit code, all are reported. The machine has one guard for each.
 */
export const checks = {
  backupIncomplete: ({ facts }) =>
    facts.contents.problems.find((problem) => !handledElsewhere.includes(problem.code)) ?? null,

  formatUnknown: problemOf(['FORMAT_UNKNOWN']),

  walIncomplete: problemOf(['WAL_MISSING']),

  targetUnreachable: problemOf(['TARGET_UNREACHABLE']),

  targetRefused: ({ facts }) =>
    firstOf(targetsOf(facts), ({ facts: { refusal: why }, name }) =>
      why === null
        ? null
        : refusal('PRECONDITION_FAILED', why, `Name a directory or volume of its own for ${name}.`),
    ) ??
    firstOf(targetsOf(facts), (one) => keptPlaceRefused(facts.keptPlaces ?? [], one.facts)) ??
    patchingRefused(facts),

  targetHeld: ({ facts }) =>
    firstOf(targetsOf(facts), ({ facts: { heldByRun, description } }) =>
      heldByRun === null
        ? null
        : refusal(
            'TARGET_IN_USE',
            `${description} holds the unfinished restore of run ${heldByRun}.`,
            `Go on with it: odo resume ${heldByRun}. To give it up, remove the file .odo-run.json there and start again.`,
            { run: heldByRun },
          ),
    ),

  targetNotFree: ({ facts, request }) => {
    if (request.target.kind === 'new-volume' && facts.target.exists) {
      return refusal(
        'TARGET_NOT_EMPTY',
        `${facts.target.description} exists already, and --new-volume never touches an existing one.`,
        `Choose another name for -V, or restore into it on purpose with -v ${request.target.name}.`,
      );
    }
    if (facts.target.holds !== 'nothing' && facts.target.holds !== 'data-directory') {
      return refusal(
        'TARGET_NOT_EMPTY',
        `${facts.target.description} holds files that are not a PostgreSQL data directory.`,
        'Empty it yourself if they are not needed, or choose another target. odo cleans only data directories.',
      );
    }
    return otherDatabaseRefused(facts, request);
  },

  tablespaceNotFree: ({ facts, request }) =>
    firstOf(facts.tablespaces, ({ tablespace, serverPath, place }) => {
      if (place === null || place.facts.holds === 'nothing') return null;
      if (isReplaced({ serverPath, facts: place.facts }, facts.target, request)) return null;
      const what = {
        'data-directory': 'a PostgreSQL data directory',
        tablespace: 'a tablespace of another database, or of one that stays',
        'other-files': 'files already',
      }[place.facts.holds];
      return refusal(
        'TARGET_NOT_EMPTY',
        `${place.facts.description}, where ${inWords(tablespace)} is to go, holds ${what}.`,
        'Name an empty directory, or empty it yourself if nothing needs what is in it. odo cleans only tablespaces of the database that it replaces.',
      );
    }),

  tablespacesOverlap: ({ facts }) => {
    const all = targetsOf(facts);
    return firstOf(
      all.flatMap((one, index) => all.slice(index + 1).map((other) => [one, other] as const)),
      ([one, other]) => {
        const overlap = overlapOf(one.facts.location, other.facts.location);
        return overlap === null
          ? null
          : refusal(
              'PRECONDITION_FAILED',
              overlapText(one.name, other.name, overlap, other.facts.description),
              'Give each a directory of its own; symbolic links and mounts of the same place do not make two.',
            );
      },
    );
  },

  somethingRunsOnTarget: ({ facts }) => {
    const ours = new Set(facts.service.containerIds);
    return firstOf(targetsOf(facts), ({ facts: { liveUsers, description } }) => {
      const others = liveUsers.filter(
        (user) =>
          !(user.containerId !== null && ours.has(user.containerId)) &&
          !(facts.service.kind === 'local' && user.containerId === null),
      );
      if (others.length === 0) return null;
      return refusal(
        'TARGET_IN_USE',
        `${description} is in use by ${others.map((user) => user.description).join(', ')}.`,
        'Stop it first, or name it as the service to stop: -n SERVICE -f COMPOSE_FILE, --container NAME or --local.',
        { users: others.map((user) => user.description) },
      );
    });
  },

  serverMissing: ({ facts }) =>
    facts.launcher.missing === null
      ? null
      : refusal(
          'PRECONDITION_FAILED',
          `${facts.launcher.missing}.`,
          'Recovery needs PostgreSQL of the backup’s major.',
        ),

  serverMajorDiffers: ({ facts }) => {
    const backup = facts.contents.backup.serverMajor;
    const server = facts.launcher.serverMajor;
    if (backup === null || server === null || backup === server) return null;
    return refusal(
      'SERVER_MAJOR_MISMATCH',
      `Backup ${facts.contents.backup.id} is of PostgreSQL ${backup}, but the server is ${facts.launcher.description}.`,
      facts.launcher.spec?.kind === 'container'
        ? `Use an image of PostgreSQL ${backup} in the Compose file or with --image.`
        : `Name the programs of PostgreSQL ${backup} with --pg-bin DIR.`,
      { backup, server },
    );
  },

  parentClosed: ({ facts }) =>
    firstOf(targetsOf(facts), ({ closedParent, facts: { description } }) =>
      closedParent === null
        ? null
        : refusal(
            'PRECONDITION_FAILED',
            `The user that runs the database (uid ${facts.launcher.spec?.owner.uid}) may not enter ${closedParent}, so no server could start in ${description}.`,
            `Open it with chmod o+x ${closedParent}, choose another directory, or name another owner with --owner UID:GID.`,
          ),
    ),

  spaceTooSmall: ({ facts, request }) =>
    firstOf(spaceNeeds(facts, request), (need) =>
      need.availableBytes >= need.neededBytes + request.reserveBytes
        ? null
        : refusal(
            'NOT_ENOUGH_SPACE',
            `${need.description} has room for ${formatBytes(need.availableBytes)}, but the restore needs ${need.isExact ? '' : 'about '}${formatBytes(need.neededBytes)} there and ${formatBytes(request.reserveBytes)} are kept free.`,
            'Free some space there, choose another target, or lower --reserve.',
            { ...need, reserveBytes: request.reserveBytes },
          ),
    ),
} as const satisfies Record<string, Check>;

export type CheckName = keyof typeof checks;

/** Every refusal, in the order of the table; those of the checks that are not asked do not count. */
export function refusals(input: CheckInput, unasked: readonly CheckName[] = []): ErrorData[] {
  return Object.entries(checks)
    .filter(([name]) => !unasked.includes(name as CheckName))
    .map(([, check]) => check(input))
    .filter((problem) => problem !== null);
}
