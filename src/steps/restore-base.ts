import { addFindings, noFindings } from '../archive/page-findings.ts';
import type { FileMismatch, TarEntry } from '../archive/restore-archive.ts';
import type { ArchiveObject } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import { fetchArchive } from './fetch-archive.ts';
import { batchesOf, type FileBatch, fetchFiles } from './fetch-files.ts';
import { inParallel } from './in-parallel.ts';
import { readManifest, requireManifest } from './manifest-check.ts';
import { pageCheckOf, requirePages } from './page-check.ts';
import { contentOf, placeDataEntry, placeTablespaceEntry } from './place-entry.ts';
import { wholeTree } from './planned-trees.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { Step } from './step.ts';

/** Streams every archive of the data directory and its tablespaces into the target; nothing is staged. */
export const restoreBase: Step = {
  name: 'restoreBase',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const archives = plan.contents.archives.filter((archive) => contentOf(archive) !== 'wal');
    const tree = await wholeTree(context);
    const batches = batchesOf(plan.contents.trees ?? []);
    const totalBytes = [...archives, ...batches].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const doneBytes = new Map<string, number>();
    let files = 0;
    let outputBytes = 0;
    let serverMajor: number | null = null;
    const checked = { checkedFiles: 0, mismatches: [] as FileMismatch[] };
    let pageFindings = noFindings;
    let fromIndex = 0;
    const pages = pageCheckOf(plan);
    const { manifestKey } = plan.contents;
    const manifest =
      manifestKey === null
        ? null
        : await readManifest((await context.ports.source()).storage, manifestKey, context.signal);

    const optionsOf = (source: ArchiveObject | FileBatch, signal: AbortSignal) => ({
      tree,
      signal,
      place: (entry: TarEntry) =>
        contentOf(source) === 'data'
          ? placeDataEntry(entry, plan.tablespaces)
          : placeTablespaceEntry(entry, tablespaceOf(plan, source)),
      ...(pages === undefined ? {} : { pages }),
      ...(manifest === null ? {} : { expected: (entry: TarEntry) => manifest.expected(source, entry) }),
      onProgress: (storedBytes: number) => {
        doneBytes.set(source.name, storedBytes);
        const done = [...doneBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
        context.progress({ unit: 'bytes', done, total: totalBytes, item: source.name });
      },
    });
    const restore = async (source: ArchiveObject | FileBatch, signal: AbortSignal) => {
      const options = optionsOf(source, signal);
      const result =
        'files' in source
          ? await fetchFiles(context, { ...options, batch: source })
          : await fetchArchive(context, { ...options, archive: source });
      doneBytes.set(source.name, source.sizeBytes);
      files += result.files;
      outputBytes += result.outputBytes;
      checked.checkedFiles += result.checkedFiles;
      checked.mismatches.push(...result.mismatches);
      if (result.stretches > 1) fromIndex++;
      pageFindings = addFindings(pageFindings, result.pageFindings);
      if (result.captured.PG_VERSION !== undefined) serverMajor = Number(result.captured.PG_VERSION.trim());
    };

    // Parts of the data directory go in order, because a later part's duplicate wins; everything else beside them.
    const parts = archives.filter((archive) => contentOf(archive) === 'data');
    const others = [...archives.filter((archive) => contentOf(archive) !== 'data'), ...batches].sort(
      (one, other) => other.sizeBytes - one.sizeBytes,
    );
    const lanes = [parts, ...others.map((source) => [source])];
    await inParallel(lanes, plan.jobs, context.signal, async (lane, signal) => {
      for (const source of lane) await restore(source, signal);
    });
    if (serverMajor !== plan.serverMajor) {
      throw new OdoError(
        serverMajor === null ? 'BACKUP_INCOMPLETE' : 'SERVER_MAJOR_MISMATCH',
        serverMajor === null
          ? `The archives of backup ${plan.contents.backup.id} hold no PG_VERSION; this is not a whole data directory.`
          : `Backup ${plan.contents.backup.id} is of PostgreSQL ${serverMajor}, but the server is ${plan.launcherDescription}.`,
        {
          hint:
            serverMajor === null
              ? 'Choose another backup with --backup.'
              : `Start a new run with a server of PostgreSQL ${serverMajor}.`,
        },
      );
    }
    if (manifest !== null) requireManifest(manifest, checked);
    const pagesMatching = plan.pageChecksums ? await requirePages(context, tree, pageFindings) : null;
    return {
      archives: archives.length,
      ...(batches.length === 0
        ? {}
        : { objects: batches.reduce((sum, batch) => sum + batch.files.length, 0) }),
      files,
      bytes: outputBytes,
      storedBytes: totalBytes,
      archivesBySeekIndex: fromIndex,
      filesMatchingManifest: manifest === null ? null : checked.checkedFiles,
      ...(plan.pageChecksums ? { pagesMatching } : {}),
    };
  },
};

function tablespaceOf(plan: RestorePlan, archive: Pick<ArchiveObject, 'name' | 'content'>) {
  const oid = typeof archive.content === 'string' ? null : archive.content.tablespace;
  const tablespace = plan.tablespaces.find((one) => one.oid === oid);
  if (tablespace === undefined) {
    throw new OdoError(
      'BACKUP_INCOMPLETE',
      `The archive ${archive.name} is of a tablespace the backup does not list.`,
      {
        hint: 'Choose another backup with --backup.',
      },
    );
  }
  return tablespace;
}
