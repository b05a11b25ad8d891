import type { ErrorCode } from '../errors/codes.ts';
import { OdoError } from '../errors/odo-error.ts';
import { finishedMs, isNewerAttempt, lastSeenMs, newestOf } from './backup-order.ts';
import type { BackupStatus, BaseBackup } from './base-backup.ts';
import { ambiguous, findNamed, type NamedBackups, shown } from './named-backups.ts';

export interface BackupChoice {
  /** `latest`, a backup id or a backup name. */
  readonly backup: string;
  /** Only a backup that had finished before it: RFC 3339, UTC; null or absent for any. */
  readonly before?: string | null;
  readonly server?: string;
}

export interface BackupSelection {
  readonly backup: BaseBackup;
  /** For a person: `the newest of 3 complete backups`. */
  readonly because: string;
  /** Backups that are newer but cannot be restored, and why. */
  readonly passedOver: readonly { readonly id: string; readonly problem: string }[];
}

export const latestWords: readonly string[] = ['latest', 'last'];

const refusalCodes: Readonly<Record<Exclude<BackupStatus, 'complete'>, ErrorCode>> = {
  incomplete: 'BACKUP_INCOMPLETE',
  failed: 'BACKUP_INCOMPLETE',
  snapshot: 'BACKUP_INCOMPLETE',
  incremental: 'BACKUP_INCOMPLETE',
  unreadable: 'FORMAT_UNKNOWN',
};

/**
 * The backup that the operator means. Only complete ones are ever chosen, and with `before` only those whose end is
 * known to lie before it.
 * @throws BACKUP_NOT_FOUND, CHOICE_NEEDED, BACKUP_INCOMPLETE, FORMAT_UNKNOWN, ACCESS_DENIED
 */
export function selectBackup(backups: readonly BaseBackup[], choice: BackupChoice): BackupSelection {
  const { server, before = null } = choice;
  const ofServer = server === undefined ? backups : backups.filter((backup) => backup.server === server);
  return latestWords.includes(choice.backup)
    ? selectNewest(ofServer, before)
    : selectNamed(findNamed(ofServer, choice.backup), before);
}

function selectNamed(named: NamedBackups, before: string | null): BackupSelection {
  const { by, name, matches } = named;
  const servers = new Set(matches.map((match) => match.server));
  const [backup, second] = matches;
  // A name that a schedule gives to all its backups, with a time, is a choice.
  const isChoice = before !== null && by === 'name' && servers.size === 1;
  if (second !== undefined && !isChoice) throw ambiguous(named);
  if (second !== undefined && before !== null) {
    const candidates = finishedBefore(matches, before);
    const newest = newestOf(candidates);
    if (newest === null) throw noneBefore(matches, before, ` named ${name}`);
    return {
      backup: newest,
      because: `the newest of ${candidates.length} complete backups named ${name} that had finished before ${before}`,
      passedOver: [],
    };
  }
  if (backup.status !== 'complete') throw cannotBeRestored(backup, backup.status);
  if (before !== null && finishedBefore([backup], before).length === 0) {
    throw new OdoError(
      'BACKUP_NOT_FOUND',
      backup.finishedAt === null
        ? `Backup ${backup.id} does not record when it finished, so that it cannot be told whether that was before ${before}.`
        : `Backup ${backup.id} finished at ${backup.finishedAt}, which is not before ${before}.`,
      {
        hint: 'Leave out --before, or choose another backup: odo backups',
        details: { id: backup.id, finishedAt: backup.finishedAt, before },
      },
    );
  }
  return { backup, because: `asked for by its ${by} ${name}`, passedOver: [] };
}

function cannotBeRestored(
  { id, problem, isDenied }: BaseBackup,
  status: keyof typeof refusalCodes,
): OdoError {
  const code = isDenied ? 'ACCESS_DENIED' : refusalCodes[status];
  return new OdoError(code, `Backup ${id} cannot be restored. ${problem ?? ''}`.trim(), {
    hint: 'Choose another backup: odo backups',
    details: { id, status },
  });
}

function selectNewest(backups: readonly BaseBackup[], before: string | null): BackupSelection {
  const servers = [...new Set(backups.map((backup) => backup.server))];
  if (servers.length > 1) {
    const names = servers.map((server) => server ?? 'pg_basebackup folders');
    throw new OdoError(
      'BACKUP_NOT_FOUND',
      `The address holds the backups of ${servers.length} servers: ${shown(names)}.`,
      {
        hint: 'Name one with --server NAME, or give its folder as the address.',
        details: { servers },
      },
    );
  }
  const complete = backups.filter((backup) => backup.status === 'complete');
  refuseSeveralClusters(complete);
  if (complete.length === 0) throw noneComplete(backups);
  const candidates = before === null ? complete : finishedBefore(complete, before);
  const newest = newestOf(candidates);
  if (newest === null) throw noneBefore(complete, before ?? '', '');
  return {
    backup: newest,
    because: because(backups.length, complete.length, candidates.length, before),
    passedOver: passedOver(backups, newest, before),
  };
}

function because(all: number, complete: number, candidates: number, before: string | null): string {
  const count = (number: number) => `${number} complete backup${number === 1 ? '' : 's'}`;
  if (before !== null) {
    const others = complete - candidates;
    const of = candidates === 1 ? `the only one of ${count(complete)}` : `the newest of ${count(candidates)}`;
    return `${of} that had finished before ${before}${others === 0 || candidates === 1 ? '' : `; ${others} had not`}`;
  }
  if (all === 1) return 'the only backup there';
  return complete === 1 ? `the only complete one of ${all} backups` : `the newest of ${count(complete)}`;
}

/** Those that would come after the chosen one if they could be restored, or told when they finished. */
export function passedOver(
  backups: readonly BaseBackup[],
  chosen: BaseBackup,
  before: string | null,
): BackupSelection['passedOver'] {
  const isTooLate = (backup: BaseBackup) =>
    before !== null && (lastSeenMs(backup) ?? Number.NEGATIVE_INFINITY) >= Date.parse(before);
  return backups.flatMap((backup) => {
    const { id, status, problem } = backup;
    if (status === 'complete') {
      return before === null || finishedMs(backup) !== null
        ? []
        : [{ id, problem: 'It does not record when it finished.' }];
    }
    return isNewerAttempt(backup, chosen) && !isTooLate(backup) ? [{ id, problem: problem ?? status }] : [];
  });
}

const finishedBefore = (backups: readonly BaseBackup[], before: string): BaseBackup[] =>
  backups.filter(
    (backup) =>
      backup.status === 'complete' && (finishedMs(backup) ?? Number.POSITIVE_INFINITY) < Date.parse(before),
  );

function noneComplete(backups: readonly BaseBackup[]): OdoError {
  return new OdoError(
    // With one that nobody may look into, this says nothing about the backups.
    backups.some(({ isDenied }) => isDenied) ? 'ACCESS_DENIED' : 'BACKUP_NOT_FOUND',
    backups.length === 1
      ? 'The only backup found cannot be restored.'
      : `None of the ${backups.length} backups found can be restored.`,
    {
      hint: `${backups
        .slice(-8)
        .map((backup) => `${backup.id}: ${backup.problem ?? backup.status}`)
        .join(' ')}`,
      details: { backups: backups.map(({ id, status, problem }) => ({ id, status, problem })) },
    },
  );
}

/** Says which one comes nearest: a zone that is off by hours is the usual reason. */
function noneBefore(backups: readonly BaseBackup[], before: string, named: string): OdoError {
  const [oldest] = backups
    .filter((backup) => backup.status === 'complete' && finishedMs(backup) !== null)
    .toSorted((a, b) => (finishedMs(a) ?? 0) - (finishedMs(b) ?? 0));
  return new OdoError('BACKUP_NOT_FOUND', `No complete backup${named} had finished before ${before}.`, {
    hint:
      oldest === undefined
        ? 'None of them records when it finished. Name one by its id: odo backups'
        : `The oldest is ${oldest.id}, which finished at ${oldest.finishedAt}. List them with: odo backups`,
    details: { before, oldest: oldest?.id ?? null },
  });
}

/**
 * Folders of different clusters side by side have no server names to tell them apart. In one folder, another cluster
 * means that the server was made anew, and the newest backup is meant.
 */
function refuseSeveralClusters(backups: readonly BaseBackup[]): void {
  const parents = new Map<string, Set<string>>();
  for (const { format, folder, systemIdentifier } of backups) {
    if (format !== 'pg-basebackup' || systemIdentifier === null) continue;
    const parent = folder.replace(/[^/]*\/$/, '');
    parents.set(parent, (parents.get(parent) ?? new Set()).add(systemIdentifier));
  }
  const clusters = new Set([...parents.values()].flatMap((identifiers) => [...identifiers]));
  if (parents.size < 2 || clusters.size < 2) return;
  throw new OdoError(
    'CHOICE_NEEDED',
    `The address holds backups of ${clusters.size} clusters: ${shown([...parents.keys()])}.`,
    {
      hint: 'Give the folder of one cluster as the address, or name a backup by its id.',
      details: { folders: [...parents.keys()] },
    },
  );
}
