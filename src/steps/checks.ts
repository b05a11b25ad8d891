import type { ErrorCode } from '../errors/codes.ts';
import type { ErrorData } from '../errors/serialize.ts';
import type { PreflightFacts } from './facts.ts';
import { keptPlaceRefused } from './kept-places.ts';
import { otherDatabaseRefused } from './other-database.ts';
import { firstOf, refusal } from './refusal.ts';
import { inWords, overlapOf, overlapText } from './resolve-tablespaces.ts';
import type { RestoreRequest } from './restore-request.ts';
import { spaceNeeds } from './space.ts';
import { isReplaced } from './tablespace-facts.ts';
import { parentClosed, targetChecks, targetsOf } from './target-checks.ts';
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

const isAnyRefused = (facts: PreflightFacts): boolean =>
  targetsOf(facts).some((one) => one.facts.refusal !== null);

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

  targetRefused: (input) =>
    targetChecks.targetUnfit(input) ??
    firstOf(targetsOf(input.facts), (one) => keptPlaceRefused(input.facts.keptPlaces ?? [], one.facts)) ??
    patchingRefused(input.facts),

  targetHeld: targetChecks.targetHeld,

  targetNotFree: (input) =>
    targetChecks.targetNotFree(input) ?? otherDatabaseRefused(input.facts, input.request),

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

  somethingRunsOnTarget: targetChecks.somethingRunsOnTarget,

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
        : parentClosed(description, closedParent, facts.launcher.spec?.owner ?? null),
    ),

  // How much is free in a target that is refused was not looked at.
  spaceTooSmall: ({ facts, request }) =>
    firstOf(isAnyRefused(facts) ? [] : spaceNeeds(facts, request), (need) =>
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
