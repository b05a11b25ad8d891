import type { EntryPlacement, TarEntry } from '../archive/restore-archive.ts';
import type { ArchiveObject } from '../backup/base-backup.ts';
import { parseWalFileName } from '../postgres/wal-file-name.ts';
import { sealedFolder } from './layout.ts';
import type { PlannedTablespace } from './restore-plan.ts';

/** Left behind by the source server or by another restore; each would change or break the next start. */
const leftovers = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'standby.signal',
  'recovery.signal',
  'recovery.conf',
  'recovery.done',
  'backup_label.old',
  'tablespace_map.old',
  'current_logfiles',
  'backup_manifest',
]);

/** Only the directory is wanted: content is rebuilt at start, and a copied replication slot would pin WAL for ever. */
const emptied = new Set([
  'pg_replslot',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_notify',
  'pg_snapshots',
  'pg_serial',
  'pg_dynshmem',
]);

const diverted: Readonly<Record<string, string>> = {
  'global/pg_control': `${sealedFolder}/pg_control`,
  backup_label: `${sealedFolder}/backup_label`,
};

/**
 * Where an archive's entry goes. tablespace_map is left out: configureRecovery writes one with the planned paths, because a
 * map from the source re-points every tablespace to the source's own directories at start-up.
 */
export function placeDataEntry(
  entry: Pick<TarEntry, 'kind' | 'path'>,
  tablespaces: readonly Pick<PlannedTablespace, 'oid' | 'path'>[] = [],
): EntryPlacement {
  const { path } = entry;
  if (path === 'PG_VERSION' || path === 'tablespace_map') {
    const written = path === 'PG_VERSION';
    return { kind: 'capture', name: path, ...(written ? { path } : {}) };
  }
  if (entry.kind === 'link') return { kind: 'skip' };
  const aside = diverted[path];
  if (aside !== undefined) return { kind: 'write', path: aside };
  if (leftovers.has(path)) return { kind: 'skip' };
  // Without taking the path apart: there may be a million of them.
  const slash = path.indexOf('/');
  const top = slash < 0 ? path : path.slice(0, slash);
  if (slash >= 0 && emptied.has(top)) return { kind: 'skip' };
  if (path.startsWith('pgsql_tmp') || path.includes('/pgsql_tmp')) return { kind: 'skip' };
  if (top === sealedFolder || top.startsWith('.odo-')) return { kind: 'skip' };
  // Links below pg_tblspc are made from the map; a real directory there is an in-place tablespace and stays.
  return { kind: 'write', path: top === 'pg_tblspc' ? tablespacePath(path, tablespaces) : path };
}

/** WAL-G stores the content of tablespaces as if their links were directories. */
function tablespacePath(
  path: string,
  tablespaces: readonly Pick<PlannedTablespace, 'oid' | 'path'>[],
): string {
  const [, oid = '', ...rest] = path.split('/');
  const tablespace = tablespaces.find((one) => one.oid === oid);
  return tablespace === undefined ? path : [tablespace.path, ...rest].join('/');
}

export function placeTablespaceEntry(entry: TarEntry, tablespace: PlannedTablespace): EntryPlacement {
  if (entry.kind === 'link') return { kind: 'skip' };
  return { kind: 'write', path: `${tablespace.path}/${entry.path}` };
}

/** `pg_wal.tar`: segments and history files go to the work directory, from which recovery takes them. */
export function placeWalEntry(entry: TarEntry, folder: string): EntryPlacement {
  if (entry.kind !== 'file') return { kind: 'skip' };
  const kind = parseWalFileName(entry.path)?.kind;
  return kind === 'segment' || kind === 'history'
    ? { kind: 'write', path: `${folder}/${entry.path}` }
    : { kind: 'skip' };
}

export function contentOf(archive: Pick<ArchiveObject, 'content'>): 'data' | 'wal' | 'tablespace' {
  return typeof archive.content === 'string' ? archive.content : 'tablespace';
}
