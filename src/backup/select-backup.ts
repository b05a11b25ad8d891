import type { ErrorCode } from '../errors/codes.ts';
import { OdoError } from '../errors/odo-error.ts';
import { compareLsn, parseLsn } from '../postgres/lsn.ts';
import type { BackupStatus, BaseBackup } from './base-backup.ts';

export interface BackupChoice {
  /** `latest`, a backup id or a backup name. */
  readonly backup: string;
  readonly server?: string;
}

export interface BackupSelection {
  readonly backup: BaseBackup;
  /** Backups that are newer but cannot be restored, and why. */
  readonly passedOver: readonly { readonly id: string; readonly problem: string }[];
}

const latestWords: readonly string[] = ['latest', 'last'];

const refusalCodes: Readonly<Record<Exclude<BackupStatus, 'complete'>, ErrorCode>> = {
  incomplete: 'BACKUP_INCOMPLETE',
  failed: 'BACKUP_INCOMPLETE',
  snapshot: 'BACKUP_INCOMPLETE',
  incremental: 'BACKUP_INCOMPLETE',
  unreadable: 'FORMAT_UNKNOWN',
};

/**
 * The backup that the operator means. Only complete ones are ever chosen.
 * @throws BACKUP_NOT_FOUND, CHOICE_NEEDED, BACKUP_INCOMPLETE, FORMAT_UNKNOWN
 */
export function selectBackup(backups: readonly BaseBackup[], choice: BackupChoice): BackupSelection {
  const ofServer =
    choice.server === undefined ? backups : backups.filter((backup) => backup.server === choice.server);
  return latestWords.includes(choice.backup) ? newestOf(ofServer) : named(ofServer, choice.backup);
}

function named(backups: readonly BaseBackup[], wanted: string): BackupSelection {
  const name = wanted.replace(/\/$/, '');
  const byId = backups.filter((backup) => backup.id === name);
  const matches = byId.length > 0 ? byId : backups.filter((backup) => backup.name === name);
  const [backup, second] = matches;
  if (backup === undefined) {
    throw new OdoError('BACKUP_NOT_FOUND', `There is no backup with the id or name ${wanted}.`, {
      hint: `Found were ${shown(backups.map((other) => other.id))}. List them with: odo backups`,
      details: { wanted, found: backups.map((other) => other.id) },
    });
  }
  if (second !== undefined) {
    const servers = [...new Set(matches.map((match) => match.server))];
    throw new OdoError('CHOICE_NEEDED', `${matches.length} backups have the id or name ${wanted}.`, {
      hint:
        servers.length > 1
          ? `Name the server with --server: ${shown(servers.map(String))}.`
          : `Name one by its id: ${shown(matches.map((match) => match.id))}.`,
      details: { wanted, matches: matches.map((match) => match.folder) },
    });
  }
  if (backup.status !== 'complete') {
    throw new OdoError(
      refusalCodes[backup.status],
      `Backup ${backup.id} cannot be restored. ${backup.problem ?? ''}`.trim(),
      {
        hint: 'Choose another backup: odo backups',
        details: { id: backup.id, status: backup.status },
      },
    );
  }
  return { backup, passedOver: [] };
}

function newestOf(backups: readonly BaseBackup[]): BackupSelection {
  const complete = backups.filter((backup) => backup.status === 'complete');
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
  refuseSeveralClusters(complete);
  const newest = complete.reduce<BaseBackup | null>(
    (best, backup) => (best === null || isNewer(backup, best) ? backup : best),
    null,
  );
  if (newest === null) {
    throw new OdoError(
      'BACKUP_NOT_FOUND',
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
  const passedOver = backups
    .filter((backup) => backup.status !== 'complete' && isNewerAttempt(backup, newest))
    .map((backup) => ({ id: backup.id, problem: backup.problem ?? backup.status }));
  return { backup: newest, passedOver };
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

/**
 * Positions order the backups of one timeline of one cluster; anything else is ordered by when it was finished.
 * Never by id: a barman id is local time without a zone.
 */
function isNewer(a: BaseBackup, b: BaseBackup): boolean {
  const comparable =
    a.systemIdentifier === b.systemIdentifier && a.timeline !== null && a.timeline === b.timeline;
  if (comparable && a.endLsn !== null && b.endLsn !== null) {
    const order = compareLsn(parseLsn(a.endLsn), parseLsn(b.endLsn));
    if (order !== 0) return order > 0;
  }
  const [aTime, bTime] = [a.finishedAt ?? a.startedAt ?? '', b.finishedAt ?? b.startedAt ?? ''];
  return aTime === bTime ? a.id > b.id : aTime > bTime;
}

/** A broken backup often records no end; its begin, or failing that its id, says whether it came later. */
function isNewerAttempt(broken: BaseBackup, chosen: BaseBackup): boolean {
  const time = broken.finishedAt ?? broken.startedAt;
  return time === null || chosen.finishedAt === null ? broken.id > chosen.id : time > chosen.finishedAt;
}

function shown(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
}
