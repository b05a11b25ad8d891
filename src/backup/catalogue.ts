import { nearest } from '../errors/nearest.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import { targetText } from '../postgres/recovery-target.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { BackupFormat, WalPlace } from './backup-format.ts';
import { lastSeenMs } from './backup-order.ts';
import { findServers } from './barman-cloud/find-servers.ts';
import { barmanCloud } from './barman-cloud/format.ts';
import { folderName } from './barman-cloud/layout.ts';
import type { BackupContents, BaseBackup } from './base-backup.ts';
import { findSlip } from './find-slip.ts';
import { pgBasebackup } from './pg-basebackup/format.ts';
import { problem } from './problem.ts';
import { walG } from './wal-g/format.ts';
import { endOfWal, type WantedEnd } from './wanted-end.ts';

/** Every layout odo knows; a prefix may hold several. */
export const backupFormats: readonly BackupFormat[] = [barmanCloud, pgBasebackup, walG];

/**
 * Every backup at or below a prefix, of all formats, oldest first; broken ones included, with what is broken.
 * @throws BACKUP_NOT_FOUND when there is none, saying what lies there instead
 */
export async function listBackups(
  storage: ObjectStorage,
  prefix: string,
  options: { server?: string; signal: AbortSignal },
): Promise<BaseBackup[]> {
  const { server, signal } = options;
  const all: BaseBackup[] = [];
  for (const format of backupFormats) all.push(...(await format.list(storage, prefix, signal)));
  const backups = server === undefined ? all : all.filter((backup) => backup.server === server);
  if (backups.length === 0) throw await nothingFound(storage, prefix, { ...options, all });
  return backups.sort((a, b) => (lastSeenMs(a) ?? 0) - (lastSeenMs(b) ?? 0) || a.id.localeCompare(b.id));
}

/** Reads what is needed to restore one backup of the catalogue and finds everything that forbids it. */
export async function inspectBackup(
  storage: ObjectStorage,
  backup: BaseBackup,
  signal: AbortSignal,
  wal: WalPlace | null = null,
  wanted: WantedEnd = endOfWal,
): Promise<BackupContents> {
  const format = backupFormats.find((candidate) => candidate.name === backup.format);
  if (!format) {
    throw new OdoError('FORMAT_UNKNOWN', `odo does not know the backup format ${backup.format}.`, {
      hint: 'The plan was made by another version of odo.',
    });
  }
  const inspected = await format.inspect(storage, backup, signal, wal, wanted);
  const beyond = beyondOwnWal(inspected, wanted);
  const contents = beyond === null ? inspected : { ...inspected, problems: [...inspected.problems, beyond] };
  if (wal === null || backup.walFolder === null) return contents;
  const unused = `--wal-url is not used: the WAL of backup ${backup.id} is archived in ${backup.walFolder}.`;
  return { ...contents, warnings: [...contents.warnings, unused] };
}

/** Names of the servers and clusters at or below a prefix, also of those without a backup; empty when folders have none. */
export async function listServers(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<string[]> {
  const folders = await findServers(storage, prefix, signal);
  return namesOf(folders, await listBackups(storage, prefix, { signal })).sort();
}

const namesOf = (serverFolders: readonly string[], backups: readonly BaseBackup[]): string[] =>
  [...new Set([...serverFolders.map(folderName), ...backups.map((backup) => backup.server ?? '')])].filter(
    (name) => name !== '',
  );

/** WAL that a backup brings with it makes it consistent, and ends there. */
function beyondOwnWal({ backup, wal }: BackupContents, { target, timeline }: WantedEnd): ErrorData | null {
  if (wal?.source !== 'backup') return null;
  const ends = `Backup ${backup.id} has only the WAL that it brings itself, which reaches its own end${backup.finishedAt === null ? '' : ` (${backup.finishedAt})`}`;
  if (typeof timeline === 'number' && timeline !== wal.timeline) {
    return problem(
      'TARGET_UNREACHABLE',
      `${ends} on timeline ${wal.timeline}: there is no way to timeline ${timeline}.`,
      'Name the archive that holds the WAL behind it with --wal-url, or leave out --target-timeline.',
      { timeline, backupTimeline: wal.timeline },
    );
  }
  if (target.kind === 'end' || target.kind === 'immediate') return null;
  return problem(
    'TARGET_UNREACHABLE',
    `${ends}: ${targetText(target)} lies behind it.`,
    'Name the archive that holds the WAL behind it with --wal-url, or leave out the target.',
    { target, endLsn: backup.endLsn, finishedAt: backup.finishedAt },
  );
}

const shownItems = 8;

async function nothingFound(
  storage: ObjectStorage,
  prefix: string,
  options: { server?: string; signal: AbortSignal; all: readonly BaseBackup[] },
): Promise<OdoError> {
  const { server, signal, all } = options;
  const place = addressOf(storage, prefix);
  const serverFolders = await findServers(storage, prefix, signal);
  const servers = namesOf(serverFolders, all);
  if (server !== undefined && (servers.length > 0 || all.length > 0)) {
    const [near] = [
      ...nearest(server, servers),
      ...servers.filter((name) => name.startsWith(server) || server.startsWith(name)),
    ];
    const found =
      servers.length === 0 ? 'no server folder' : `the servers ${servers.slice(0, shownItems).join(', ')}`;
    if (!servers.includes(server)) {
      return new OdoError('BACKUP_NOT_FOUND', `There is no server ${server} in ${place}, only ${found}.`, {
        hint: near
          ? `Did you mean --server ${near}?`
          : 'Name one of these with --server, or leave --server out.',
        details: { prefix, server, servers },
      });
    }
  }
  if (serverFolders.length > 0) {
    const names =
      servers.length === 0
        ? 'a server folder'
        : `the server folders ${servers.slice(0, shownItems).join(', ')}`;
    return new OdoError('BACKUP_NOT_FOUND', `${place} has ${names}, but no base backup in base/.`, {
      hint: 'WAL alone cannot be restored. Check that barman-cloud-backup writes to the same address.',
      details: { prefix, servers },
    });
  }
  const lying = await whatLies(storage, prefix, signal);
  const slip = lying.length === 0 ? await findSlip(storage, prefix, signal) : null;
  if (slip !== null) {
    const near = slip.meant === null ? null : addressOf(storage, slip.meant);
    return new OdoError(
      'BACKUP_NOT_FOUND',
      `Nothing lies in ${place}: there is no ${slip.missing} in ${addressOf(storage, slip.above)}, only ${shown(slip.there)}.`,
      {
        hint: near === null ? 'Check the address.' : `Did you mean ${near}?`,
        details: { prefix, above: slip.above, there: slip.there },
      },
    );
  }
  return new OdoError(
    'BACKUP_NOT_FOUND',
    lying.length === 0
      ? `Nothing lies in ${place}.`
      : `No backup was found in ${place}; there are ${lying.join(', ')}.`,
    {
      hint: 'odo looks for <server>/base/<id>/backup.info (barman-cloud), basebackups_005/ (WAL-G) and base.tar* or a copied data directory (pg_basebackup) there and up to three folders below. Check the address.',
      details: { prefix, found: lying },
    },
  );
}

const addressOf = (storage: ObjectStorage, prefix: string): string =>
  `${storage.description.replace(/ at .*$/, '')}/${prefix}`;

function shown(names: readonly string[]): string {
  const more = names.length - shownItems;
  return names.slice(0, shownItems).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The first few names right under a prefix. One page of a listing at most is read. */
async function whatLies(storage: ObjectStorage, prefix: string, signal: AbortSignal): Promise<string[]> {
  const folders = await storage.listFolders(prefix, signal);
  const names = folders.slice(0, shownItems).map((folder) => folder.slice(prefix.length));
  if (names.length > 0)
    return folders.length > shownItems ? [...names, `${folders.length - shownItems} more`] : names;
  for await (const object of storage.list(prefix, { signal })) {
    if (object.key !== prefix) names.push(object.key.slice(prefix.length));
    if (names.length === shownItems) break;
  }
  return names;
}
