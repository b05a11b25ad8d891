import type { ErrorData } from '../errors/serialize.ts';
import type { PreflightFacts } from './facts.ts';
import { refusal } from './refusal.ts';
import type { RestoreRequest } from './restore-request.ts';

/** What is known to be another database is removed only when the operator said which. */
export function otherDatabaseRefused(
  { contents: { backup }, target }: PreflightFacts,
  { replaceSystemId = null }: RestoreRequest,
): ErrorData | null {
  if (!holdsOtherDatabase({ backup, target }) || replaceSystemId === target.systemIdentifier) return null;
  const named =
    replaceSystemId === null ? '' : `, and --replace-system-id names another still, ${replaceSystemId}`;
  return refusal(
    'TARGET_NOT_EMPTY',
    `${target.description} holds another database than backup ${backup.id}: its system identifier is ${target.systemIdentifier}, the backup’s ${backup.systemIdentifier}${named}.`,
    `Look whose it is. If nothing needs it any more: --replace-system-id ${target.systemIdentifier}`,
    { found: target.systemIdentifier, backup: backup.systemIdentifier },
  );
}

/** False also when either does not tell. */
export const holdsOtherDatabase = ({
  backup,
  target,
}: {
  backup: PreflightFacts['contents']['backup'];
  target: PreflightFacts['target'];
}): boolean =>
  target.systemIdentifier !== null &&
  backup.systemIdentifier !== null &&
  target.systemIdentifier !== backup.systemIdentifier;
