import { isReadable } from '../../archive/open-decoder.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import type { BackupLabel } from '../../postgres/backup-label.ts';
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
  IncrementalFacts,
} from '../base-backup.ts';
import { planCombination, tablespaceOf } from '../combination.ts';
import { problem } from '../problem.ts';
import { listBackupFiles } from './catalogue.ts';
import { cutTar } from './contents.ts';
import { readManifest } from './read-manifest.ts';
import { readTarLabels } from './tar-labels.ts';

interface InspectedLink {
  readonly link: ChainedBackup;
  readonly archives: readonly ArchiveObject[];
  readonly manifestKey: string | null;
  readonly manifest: BackupManifest | null;
  readonly label: BackupLabel | null;
}

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
  const problems: ErrorData[] = [];
  const newest = await manifestOf(storage, contents.manifestKey, problems, signal);
  const inspected: InspectedLink[] = [];
  for (const link of backup.incremental.dependsOn) {
    inspected.push(await inspectLink(storage, link, problems, signal));
  }
  problems.push(...brokenJoints(contents, inspected));
  const manifests = [...inspected.map(({ manifest }) => manifest), newest];
  const whole = manifests.filter((manifest) => manifest !== null);
  // The newest manifest's own problems are among those of the contents already.
  if (whole.length < manifests.length) return { ...contents, problems: [...contents.problems, ...problems] };

  const combination = planCombination(whole);
  const [missing] = combination.missing;
  if (missing !== undefined) {
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `Backup ${inspected[missing.link]?.link.id} lists no ${missing.path}, which backup ${backup.id} builds on${combination.missing.length === 1 ? '' : ` (and ${combination.missing.length - 1} more such files)`}.`,
        'They are not of one chain, or a manifest was edited. Choose another backup: odo backups',
        { missing: combination.missing.slice(0, 20).map(({ path }) => path) },
      ),
    );
  }
  const links: BackupLink[] = [];
  for (const [index, one] of inspected.entries()) {
    const needed = neededContents(combination.links[index]?.keys() ?? [].values());
    problems.push(...missingArchives(one, needed));
    const archives = one.archives.filter((archive) => needed.has(contentKey(archive.content)));
    for (const archive of archives) problems.push(...(await cutTar(storage, archive, signal)));
    if (one.manifestKey === null || one.label === null) continue;
    links.push({
      ...one.link,
      beginLsn: one.label.startLsn,
      endLsn: one.manifest?.walRanges[0]?.endLsn ?? null,
      archives: archives.map((archive) => ({ ...archive, name: `${one.link.id}/${archive.name}` })),
      manifestKey: one.manifestKey,
    });
  }
  return {
    ...contents,
    links,
    dataBytes: combination.estimatedBytes,
    tablespaceBytes: combination.tablespaceBytes,
    dataBytesIsExact: false,
    problems: [...contents.problems, ...problems],
  };
}

async function inspectLink(
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
  return { link, archives: examined.archives, manifestKey, manifest, label: labels?.label ?? null };
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

/** Each backup must begin where the next one says, in its label and in its manifest, and be of the same cluster. */
function brokenJoints({ backup }: BackupContents, links: readonly InspectedLink[]): ErrorData[] {
  const problems: ErrorData[] = [];
  let from: IncrementalFacts | Pick<IncrementalFacts, 'fromLsn' | 'fromTimeline'> | null =
    backup.incremental ?? null;
  let child = backup.id;
  for (const { link, label, manifest } of links.toReversed()) {
    if (from === null) break;
    const expected = `${from.fromLsn} on timeline ${from.fromTimeline}, where backup ${child} builds on it`;
    const range = manifest?.walRanges.at(-1);
    if (label === null || manifest === null || range === undefined) {
      const what = label === null ? 'readable backup_label' : 'finished backup_manifest';
      problems.push(broken(link, `Backup ${link.id}, on which ${child} builds, has no ${what}.`));
    } else if (!isAt(from, label.startLsn, label.timeline) || !isAt(from, range.startLsn, range.timeline)) {
      const found = `at ${label.startLsn} on timeline ${label.timeline} by its label and at ${range.startLsn} on timeline ${range.timeline} by its manifest`;
      problems.push(broken(link, `Backup ${link.id} begins ${found}, not at ${expected}.`));
    } else if (manifest.systemIdentifier !== backup.systemIdentifier) {
      const found = `is of the cluster ${manifest.systemIdentifier}`;
      problems.push(
        broken(
          link,
          `Backup ${link.id} ${found}, but backup ${backup.id}, which builds on it, is of ${backup.systemIdentifier}.`,
        ),
      );
    }
    child = link.id;
    from = label === null ? null : fromOf(label);
  }
  if (problems.length === 0 && (from !== null || links.length === 0)) {
    const begins = from === null ? '' : ` that begins at ${from.fromLsn} on timeline ${from.fromTimeline}`;
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `Backup ${child} is incremental, and the backup${begins} is missing.`,
        'Bring it back, or choose another backup: odo backups',
      ),
    );
  }
  return problems;
}

const broken = ({ folder }: ChainedBackup, message: string): ErrorData =>
  problem('BACKUP_INCOMPLETE', message, 'Bring the right backup back, or choose another one: odo backups', {
    folder,
  });

const fromOf = (label: BackupLabel): Pick<IncrementalFacts, 'fromLsn' | 'fromTimeline'> | null =>
  label.incrementalFromLsn === null || label.incrementalFromTimeline === null
    ? null
    : { fromLsn: label.incrementalFromLsn, fromTimeline: label.incrementalFromTimeline };

const isAt = (
  from: Pick<IncrementalFacts, 'fromLsn' | 'fromTimeline'>,
  lsn: string,
  timeline: number,
): boolean => timeline === from.fromTimeline && compareLsn(parseLsn(lsn), parseLsn(from.fromLsn)) === 0;

const contentKey = (content: ArchiveObject['content']): string =>
  typeof content === 'object' ? content.tablespace : content;

/** Which archives hold files with these paths of the manifest: `data`, and the OIDs of tablespaces. */
const neededContents = (paths: Iterable<string>): ReadonlySet<string> =>
  new Set([...paths].map((path) => tablespaceOf(path) ?? 'data'));

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
