import type { ErrorData } from '../errors/serialize.ts';
import type { Owner } from '../target/tree.ts';
import type { PreflightFacts } from './facts.ts';
import { firstOf, refusal } from './refusal.ts';
import { inWords } from './resolve-tablespaces.ts';
import type { RestoreRequest } from './restore-request.ts';

/** What can be said about the places of a restore without knowing its backup. */
export interface TargetCheckInput {
  readonly facts: Pick<PreflightFacts, 'target' | 'closedParent' | 'tablespaces' | 'service'>;
  readonly request: Pick<RestoreRequest, 'target'>;
}

/** The data directory's target and every place of a tablespace, as they are now. */
export const targetsOf = ({ target, closedParent, tablespaces }: TargetCheckInput['facts']) => [
  { name: 'the data directory', facts: target, closedParent },
  ...tablespaces.flatMap(({ tablespace, place }) =>
    place === null ? [] : [{ ...place, name: inWords(tablespace) }],
  ),
];

/** Checks of `checks.ts` that `odo doctor` makes too. */
export const targetChecks = {
  targetUnfit: ({ facts }) =>
    firstOf(targetsOf(facts), ({ facts: { refusal: why }, name }) =>
      why === null
        ? null
        : refusal('PRECONDITION_FAILED', why, `Name a directory or volume of its own for ${name}.`),
    ),

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
    return null;
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
} as const satisfies Record<string, (input: TargetCheckInput) => ErrorData | null>;

export const parentClosed = (description: string, directory: string, owner: Owner | null): ErrorData =>
  refusal(
    'PRECONDITION_FAILED',
    `The user that runs the database (uid ${owner?.uid}) may not enter ${directory}, so no server could start in ${description}.`,
    `Open it with chmod o+x ${directory}, choose another directory, or name another owner with --owner UID:GID.`,
  );
