import type { ErrorData } from '../../errors/serialize.ts';
import type { BackupManifest, ManifestFile } from '../../postgres/backup-manifest.ts';
import type { TablespaceMapEntry } from '../../postgres/tablespace-map.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import { archivedClasses } from '../archive-objects.ts';
import { attempt } from '../attempt.ts';
import type { WalPlace } from '../backup-format.ts';
import type { BackupContents, BaseBackup, FileTree } from '../base-backup.ts';
import { problem } from '../problem.ts';
import { statusProblems } from '../refused-backup.ts';
import { endOfWal, type WantedEnd } from '../wanted-end.ts';
import { mergeTablespaces } from './catalogue.ts';
import { compareWithManifest, shown } from './manifest-files.ts';
import { planOuterWal } from './outer-wal.ts';
import { contradictions, readFacts } from './plain-facts.ts';
import { listPlainFiles, tablespaceFileOf, treesOf } from './plain-files.ts';
import { planPlainWal } from './plain-wal.ts';
import { readManifest } from './read-manifest.ts';
import { findNumberedTablespaces, findTablespacesBeside } from './tablespace-folders.ts';

/** Everything a restore of a `pg_basebackup -Fp` needs to know, and what forbids it. */
export async function inspectPlainBackup(
  storage: ObjectStorage,
  backup: BaseBackup,
  signal: AbortSignal,
  place: WalPlace | null = null,
  end: WantedEnd = endOfWal,
): Promise<BackupContents> {
  const { folder } = backup;
  const problems: ErrorData[] = statusProblems(backup);
  const warnings: string[] = [];
  const listed = await listPlainFiles(storage, folder, signal);
  const read = await readManifest(storage, listed.manifest, signal);
  problems.push(...read.problems);
  warnings.push(...read.warnings);
  const { manifest } = read;

  const beside =
    manifest === null
      ? { trees: await numberedBeside(storage, folder, listed.files, signal), problems: [] }
      : await findTablespacesBeside(storage, folder, notInside(manifest, listed.files), signal);
  problems.push(...beside.problems);
  const apart = new Set(beside.trees.map((tree) => tree.name));
  const wanted = chosenFiles(listed.files, manifest, apart);
  const trees = [...treesOf(folder, wanted.files), ...beside.trees.map((tree) => listedOnly(tree, manifest))];
  if (manifest !== null) {
    // What lies beside was compared when it was found; what was not found is said already.
    const unfound = new Set(beside.problems.map(({ details }) => String(details?.oid)));
    const inside = manifest.files.filter(({ path }) => {
      const oid = tablespaceFileOf(path)?.oid ?? '';
      return !apart.has(oid) && !unfound.has(oid);
    });
    problems.push(...compareWithManifest({ ...manifest, files: inside }, listed.files, folder));
  }
  const extra = [...wanted.extra, ...listed.strangers];
  if (extra.length > 0) {
    warnings.push(
      `${extra.length} files in ${folder || 'the bucket’s root'} are not of this backup and are left out: ${shown(extra)}.`,
    );
  }
  problems.push(...archivedProblems(listed.files));

  const facts = await readFacts(storage, folder, listed.files, problems, signal);
  problems.push(...contradictions(backup, facts, manifest));
  const { label } = facts;
  const wal =
    label === null
      ? null
      : await attempt(problems, signal, () =>
          place === null
            ? planPlainWal(storage, { backup, label, manifest }, wanted.files, signal)
            : planOuterWal(place, { backup, label, manifest }, end, signal),
        );
  problems.push(...(wal?.problems ?? []));
  warnings.push(...(wal?.warnings ?? []));

  const oids = new Set(trees.flatMap(({ content }) => (content === 'data' ? [] : [content.tablespace])));
  // An empty one has no file, but where folders are kept it has its own.
  for (const place of await storage.listFolders(`${folder}pg_tblspc/`, signal)) {
    const oid = place.split('/').at(-2) ?? '';
    if (/^\d{1,10}$/.test(oid)) oids.add(oid);
  }
  const lost = facts.map.filter(({ oid }) => !oids.has(oid));
  problems.push(...lost.map((tablespace) => lostTablespace(folder, tablespace)));
  const tablespaces = mergeTablespaces(
    [...oids].map((oid) => ({ oid, name: null, location: null })),
    facts.map,
  );
  const dataBytes = trees
    .flatMap((tree) => tree.files)
    .reduce((sum, file) => sum + (file.path.startsWith('pg_wal/') ? 0 : file.sizeBytes), 0);
  return {
    backup: {
      ...backup,
      serverMajor: facts.serverMajor,
      systemIdentifier: facts.control?.systemIdentifier ?? manifest?.systemIdentifier ?? null,
      endLsn: manifest?.walRanges[0]?.endLsn ?? backup.endLsn,
      dataBytes,
      tablespaces,
    },
    archives: [],
    trees,
    wal: wal?.plan ?? null,
    manifestKey: listed.manifest?.key ?? null,
    dataBytes,
    dataBytesIsExact: true,
    tablespaceBytes: Object.fromEntries(
      trees.slice(1).map(({ name, files }) => [name, files.reduce((sum, file) => sum + file.sizeBytes, 0)]),
    ),
    problems,
    warnings,
  };
}

type Files = ReadonlyMap<string, StoredObject>;

/** The map of a copy that was made by hand (low-level backup API) names tablespaces also where no manifest does. */
const lostTablespace = (folder: string, { oid, path }: TablespaceMapEntry): ErrorData =>
  problem(
    'BACKUP_INCOMPLETE',
    `Nothing of tablespace ${oid} (${path} on the source) is in ${folder}pg_tblspc/${oid}/ or in a folder ${oid} beside the backup.`,
    `Copy the tablespace's directory (the one that holds PG_…) to ${folder}pg_tblspc/${oid}/, or choose another backup.`,
    { oid, location: path },
  );

/** Tablespaces of the manifest of which pg_tblspc has not a single file. */
function notInside(manifest: BackupManifest, files: Files): Map<string, ManifestFile[]> {
  const missing = new Map<string, ManifestFile[]>();
  for (const file of manifest.files) {
    const oid = tablespaceFileOf(file.path)?.oid;
    if (oid === undefined) continue;
    const found = missing.get(oid) ?? [];
    missing.set(oid, found);
    found.push(file);
  }
  for (const path of files.keys()) missing.delete(tablespaceFileOf(path)?.oid ?? '');
  return missing;
}

async function numberedBeside(
  storage: ObjectStorage,
  folder: string,
  files: Files,
  signal: AbortSignal,
): Promise<FileTree[]> {
  const inside = new Set([...files.keys()].map((path) => tablespaceFileOf(path)?.oid));
  const trees = await findNumberedTablespaces(storage, folder, signal);
  return trees.filter((tree) => !inside.has(tree.name));
}

/**
 * With a manifest only what it lists, and the WAL, which it does not list: a folder that one backup after the other is
 * synchronised into keeps files of former ones, and a stale segment of a relation would count as part of it.
 */
function chosenFiles(
  files: Files,
  manifest: BackupManifest | null,
  apart: ReadonlySet<string>,
): { files: Files; extra: string[] } {
  if (manifest === null) return { files, extra: [] };
  const paths = new Set(manifest.files.map((file) => file.path));
  const chosen = new Map<string, StoredObject>();
  const extra: string[] = [];
  for (const [path, object] of files) {
    if (apart.has(tablespaceFileOf(path)?.oid ?? '')) continue;
    if (paths.has(path) || path.startsWith('pg_wal/')) chosen.set(path, object);
    // -R writes it when the server has listed its files.
    else if (path !== 'standby.signal') extra.push(path);
  }
  return { files: chosen, extra };
}

function listedOnly(tree: FileTree, manifest: BackupManifest | null): FileTree {
  if (manifest === null) return tree;
  const paths = new Set(manifest.files.map((file) => file.path));
  return {
    ...tree,
    files: tree.files.filter((file) => paths.has(`pg_tblspc/${tree.name}/${file.path}`)),
  };
}

function archivedProblems(files: Files): ErrorData[] {
  const archived = [...files.values()].filter(
    ({ storageClass }) => storageClass !== null && archivedClasses.includes(storageClass),
  );
  const [first] = archived;
  if (first === undefined) return [];
  return [
    problem(
      'PRECONDITION_FAILED',
      `${archived.length} files lie in an archive class and cannot be read now, ${first.key} (${first.storageClass}) among them.`,
      'Bring them back first, for example with aws s3api restore-object.',
      { key: first.key, storageClass: first.storageClass },
    ),
  ];
}
