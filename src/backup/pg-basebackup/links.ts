import { isReadable } from '../../archive/open-decoder.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import { type BackupLabel, parseBackupLabel } from '../../postgres/backup-label.ts';
import type { BackupManifest } from '../../postgres/backup-manifest.ts';
import { compareLsn, parseLsn } from '../../postgres/lsn.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { duplicateProblems, examineArchives } from '../archive-objects.ts';
import { attempt } from '../attempt.ts';
import type {
  ArchiveObject,
  BackupContents,
  BackupLink,
  ChainedBackup,
  FileTree,
  IncrementalFacts,
} from '../base-backup.ts';
import { Combination, tablespaceOf } from '../combination.ts';
import { cutTar } from '../cut-tar.ts';
import { problem } from '../problem.ts';
import { listBackupFiles } from './catalogue.ts';
import { formOf } from './find-folders.ts';
import { labelName } from './layout.ts';
import { describePlainBackup } from './plain-catalogue.ts';
import { inspectPlainBackup } from './plain-contents.ts';
import { readManifest } from './read-manifest.ts';
import { readTarLabels } from './tar-labels.ts';

interface InspectedLink {
  readonly link: ChainedBackup;
  readonly archives: readonly ArchiveObject[];
  /** Of a plain backup; empty for tars. */
  readonly trees: readonly FileTree[];
  readonly manifestKey: string | null;
  readonly manifest: BackupManifest | null;
  readonly label: BackupLabel | null;
}

/** Where a backup says that the one before it begins. */
type Joint = Pick<IncrementalFacts, 'fromLsn' | 'fromTimeline'>;

/**
 * For an incremental backup: looks into every backup it builds on and finds what forbids to combine them, so that
 * nothing is touched when a part of any of them is missing. Other contents are returned as they are.
 */
export async function inspectChain(
  storage: ObjectStorage,
  contents: BackupContents,
  signal: AbortSignal,
): Promise<BackupContents> {
  const { backup } = contents;
  if (backup.incremental === undefined || backup.status !== 'complete') return contents;
  const { dependsOn } = backup.incremental;
  // Its own problems are among those of the contents already.
  const newest = await manifestOf(storage, contents.manifestKey, [], signal);
  const combination = newest === null ? null : new Combination(newest, dependsOn.length + 1);
  const problems: ErrorData[] = [];
  const links: BackupLink[] = [];
  let child = backup.id;
  let from: Joint | null = backup.incremental;
  // Newest first, and one manifest at a time: those of a long chain of a large cluster are large.
  for (const link of dependsOn.toReversed()) {
    const found = await inspectLink(storage, link, problems, signal);
    if (from !== null) problems.push(...brokenJoint(contents, child, from, found));
    child = link.id;
    from = found.label === null ? null : jointOf(found.label);
    const { label, manifest, manifestKey } = found;
    if (label === null || manifest === null || manifestKey === null || combination === null) break;
    const paths = combination.addOlder(manifest);
    const needed = new Set([...paths].map((path) => tablespaceOf(path) ?? 'data'));
    if (found.trees.length === 0) problems.push(...missingArchives(found, needed));
    const archives = found.archives.filter(({ content }) => needed.has(contentKey(content)));
    for (const archive of archives) problems.push(...(await cutTar(storage, archive, signal)));
    links.unshift({
      ...link,
      beginLsn: label.startLsn,
      endLsn: manifest.walRanges[0]?.endLsn ?? null,
      archives: archives.map((archive) => ({ ...archive, name: `${link.id}/${archive.name}` })),
      ...(found.trees.length === 0 ? {} : { trees: neededFiles(found, paths) }),
      manifestKey,
    });
  }
  if (problems.length === 0 && from !== null) problems.push(missingBefore(child, from));
  if (combination !== null) problems.push(...missingFiles(backup.id, dependsOn, combination));
  return {
    ...contents,
    links,
    dataBytes: combination?.estimatedBytes ?? contents.dataBytes,
    ...(combination === null ? {} : { tablespaceBytes: combination.tablespaceBytes }),
    dataBytesIsExact: false,
    problems: [...contents.problems, ...problems],
  };
}

/** The files of a plain backup that are needed, under names that no other backup of the chain has. */
const neededFiles = ({ link, trees }: InspectedLink, paths: ReadonlySet<string>): FileTree[] =>
  trees
    .map((tree) => ({
      ...tree,
      name: `${link.id}/${tree.name}`,
      files: tree.files.filter(({ path }) => paths.has(manifestPath(tree.content, path))),
    }))
    .filter(({ files }) => files.length > 0);

const manifestPath = (content: FileTree['content'], path: string): string =>
  content === 'data' ? path : `pg_tblspc/${content.tablespace}/${path}`;

async function inspectLink(
  storage: ObjectStorage,
  link: ChainedBackup,
  problems: ErrorData[],
  signal: AbortSignal,
): Promise<InspectedLink> {
  return (await formOf(storage, link.folder, signal)) === 'tar'
    ? inspectTars(storage, link, problems, signal)
    : inspectFiles(storage, link, problems, signal);
}

async function inspectFiles(
  storage: ObjectStorage,
  link: ChainedBackup,
  problems: ErrorData[],
  signal: AbortSignal,
): Promise<InspectedLink> {
  const described = await describePlainBackup(storage, '', link.folder, signal);
  const contents = await inspectPlainBackup(storage, { ...described, id: link.id }, signal);
  // The WAL of an older backup is not needed.
  problems.push(...contents.problems.filter(({ code }) => code !== 'WAL_MISSING'));
  const label = await attempt(problems, signal, async () =>
    parseBackupLabel(new TextDecoder().decode(await storage.readSmall(link.folder + labelName, signal))),
  );
  const manifest = await manifestOf(storage, contents.manifestKey, [], signal);
  const { trees = [], manifestKey } = contents;
  return { link, archives: [], trees, manifestKey, manifest, label };
}

async function inspectTars(
  storage: ObjectStorage,
  link: ChainedBackup,
  problems: ErrorData[],
  signal: AbortSignal,
): Promise<InspectedLink> {
  const files = await listBackupFiles(storage, link.folder, signal);
  const candidates = files.tars
    .filter(({ content }) => content !== 'wal')
    .map(({ object, content }) => ({ object, content, part: 0 }));
  problems.push(...duplicateProblems(candidates));
  const examined = await examineArchives(storage, candidates, signal);
  problems.push(...examined.problems);
  const base = examined.archives.find(({ content }) => content === 'data');
  const labels =
    base === undefined || !isReadable(base.codec)
      ? null
      : await attempt(problems, signal, () => readTarLabels(storage, base, base.codec, signal));
  const manifestKey = files.manifest?.key ?? null;
  const manifest = await manifestOf(storage, manifestKey, problems, signal);
  const { archives } = examined;
  return { link, archives, trees: [], manifestKey, manifest, label: labels?.label ?? null };
}

async function manifestOf(
  storage: ObjectStorage,
  key: string | null,
  problems: ErrorData[],
  signal: AbortSignal,
): Promise<BackupManifest | null> {
  if (key === null) return null;
  const read = await readManifest(storage, { key }, signal);
  problems.push(...read.problems);
  return read.manifest;
}

/** A backup must begin where the next one says, in its label and in its manifest, and be of the same cluster. */
function brokenJoint(
  { backup }: BackupContents,
  child: string,
  from: Joint,
  { link, label, manifest }: InspectedLink,
): ErrorData[] {
  const range = manifest?.walRanges.at(-1);
  if (label === null || manifest === null || range === undefined) {
    const what = label === null ? 'readable backup_label' : 'finished backup_manifest';
    return [broken(link, `Backup ${link.id}, on which ${child} builds, has no ${what}.`)];
  }
  if (!isAt(from, label.startLsn, label.timeline) || !isAt(from, range.startLsn, range.timeline)) {
    const found = `at ${label.startLsn} on timeline ${label.timeline} by its label and at ${range.startLsn} on timeline ${range.timeline} by its manifest`;
    const expected = `${from.fromLsn} on timeline ${from.fromTimeline}, where backup ${child} builds on it`;
    return [broken(link, `Backup ${link.id} begins ${found}, not at ${expected}.`)];
  }
  if (manifest.systemIdentifier === backup.systemIdentifier) return [];
  const found = `is of the cluster ${manifest.systemIdentifier}`;
  return [
    broken(
      link,
      `Backup ${link.id} ${found}, but backup ${backup.id}, which builds on it, is of ${backup.systemIdentifier}.`,
    ),
  ];
}

const missingBefore = (child: string, { fromLsn, fromTimeline }: Joint): ErrorData =>
  problem(
    'BACKUP_INCOMPLETE',
    `Backup ${child} is incremental, and the backup that begins at ${fromLsn} on timeline ${fromTimeline} is missing.`,
    'Bring it back, or choose another backup: odo backups',
  );

function missingFiles(
  backupId: string,
  dependsOn: readonly ChainedBackup[],
  { missing }: Combination,
): ErrorData[] {
  const [first, ...more] = missing;
  if (first === undefined) return [];
  return [
    problem(
      'BACKUP_INCOMPLETE',
      `Backup ${dependsOn[first.link]?.id} lists no ${first.path}, which backup ${backupId} builds on${more.length === 0 ? '' : ` (and ${more.length} more such files)`}.`,
      'They are not of one chain, or a manifest was edited. Choose another backup: odo backups',
      { missing: missing.slice(0, 20).map(({ path }) => path) },
    ),
  ];
}

const broken = ({ folder }: ChainedBackup, message: string): ErrorData =>
  problem('BACKUP_INCOMPLETE', message, 'Bring the right backup back, or choose another one: odo backups', {
    folder,
  });

const jointOf = (label: BackupLabel): Joint | null =>
  label.incrementalFromLsn === null || label.incrementalFromTimeline === null
    ? null
    : { fromLsn: label.incrementalFromLsn, fromTimeline: label.incrementalFromTimeline };

const isAt = (from: Joint, lsn: string, timeline: number): boolean =>
  timeline === from.fromTimeline && compareLsn(parseLsn(lsn), parseLsn(from.fromLsn)) === 0;

const contentKey = (content: ArchiveObject['content']): string =>
  typeof content === 'object' ? content.tablespace : content;

function missingArchives({ link, archives }: InspectedLink, needed: ReadonlySet<string>): ErrorData[] {
  const present = new Set(archives.map(({ content }) => contentKey(content)));
  return [...needed]
    .filter((content) => !present.has(content))
    .map((content) => {
      const name = content === 'data' ? 'base.tar' : `${content}.tar`;
      return broken(
        link,
        `${name} (with any compression) is missing in ${link.folder || 'the bucket’s root'}.`,
      );
    });
}
