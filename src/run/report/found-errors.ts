import { errorKinds } from '../../errors/codes.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import { mostDetails } from '../../report/proof-item.ts';
import type { Phase } from '../run-events.ts';
import type { RunFacts } from './run-facts.ts';

/** An error that stands, with the phase that came to it; null where none did. */
export interface FoundError {
  readonly phase: Phase | null;
  readonly error: ErrorData;
}

/**
 * What ended the run or a phase of it, and was not made good by a later attempt. Refusals come with all others that were
 * found beside them.
 */
export function foundErrors({ run, attempts, events }: RunFacts): FoundError[] {
  const last = new Map(
    attempts.filter(({ instance }) => instance === '').map((attempt) => [attempt.name, attempt]),
  );
  const ofPhases = [...last.values()].flatMap(({ name, outcome, error }): FoundError[] =>
    outcome === 'failed' && error !== null ? [{ phase: name as Phase, error }] : [],
  );
  const refused = events.findLast((event) => event.type === 'run' || event.type === 'refused');
  const ofChecks = refused?.type === 'refused' ? [refused.error, ...refused.others] : [];
  const all = [
    ...ofPhases,
    ...[...ofChecks, ...(run.error === null ? [] : [run.error])].map((error) => ({ phase: null, error })),
  ];
  return all.filter(
    ({ error }, index) =>
      all.findIndex(({ error: other }) => other.code === error.code && other.message === error.message) ===
      index,
  );
}

/** It is the backup that is bad, whatever its surroundings. */
export const disproves = ({ error }: FoundError): boolean => errorKinds[error.code].disproves;

/** The proof that an error is the failure of. */
export function proofOf({ phase, error }: FoundError): string {
  switch (error.code) {
    case 'BACKUP_INCOMPLETE':
    case 'BACKUP_NOT_FOUND':
    case 'FORMAT_UNKNOWN':
      return 'backup';
    case 'WAL_MISSING':
    case 'TARGET_UNREACHABLE':
      return 'wal';
  }
  // After recovery; an older odo said so while the files streamed.
  if (Array.isArray(error.details?.damaged)) return 'pages';
  switch (phase) {
    case 'restoreBase':
    case 'configureRecovery':
    case 'seal':
      return 'files';
    case 'restoreWal':
      return 'wal';
    case 'recover':
    case 'reachTarget':
    case 'promote':
      // A segment of the archive, not what the server made of it.
      return error.code === 'ARCHIVE_CORRUPT' ? 'wal' : 'recovery';
    case 'prove':
      return 'database';
    case 'startService':
    case 'verify':
      return 'service';
    default:
      return 'backup';
  }
}

/** The single problems of an error, a line each. */
export function detailsOf({ message, details, causes, hint }: ErrorData): string[] {
  return [
    ...listOf(details?.problems).map((problem) => textOf(problem, 'text')),
    ...listOf(details?.mismatches).map(mismatchText),
    ...listOf(details?.damaged).map(pageText),
    ...listOf(details?.files).map(String),
    ...causes.filter((cause) => !message.includes(cause)),
    ...(hint === undefined ? [] : [hint]),
    ...listOf(details?.serverLog).map(String),
  ]
    .filter((line) => line !== '' && line !== message)
    .slice(0, mostDetails);
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function textOf(value: unknown, key: string): string {
  if (typeof value !== 'object' || value === null) return '';
  const found: unknown = (value as Record<string, unknown>)[key];
  return found === undefined || found === null ? '' : String(found);
}

/** `base/5/16401: its sha256 is … instead of …` */
const mismatchText = (found: unknown): string =>
  `${textOf(found, 'path')}: its ${textOf(found, 'what')} is ${textOf(found, 'found')} instead of ${textOf(found, 'expected')}`;

const pageText = (page: unknown): string =>
  `block ${textOf(page, 'block')} of ${textOf(page, 'path')}: its checksum is ${textOf(page, 'found')} instead of ${textOf(page, 'expected')}`;
