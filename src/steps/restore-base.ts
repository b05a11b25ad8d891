import { addFindings, noFindings, storedFindings } from '../archive/page-findings.ts';
import type { FileMismatch, TarEntry } from '../archive/restore-archive.ts';
import type { ArchiveObject } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import { makeLabelFull, type RestoredLink, readChain } from './chain.ts';
import { fetchArchive } from './fetch-archive.ts';
import { fetchFiles } from './fetch-files.ts';
import type { FileBatch } from './file-batches.ts';
import { inParallel } from './in-parallel.ts';
import { requireManifest } from './manifest-check.ts';
import { keepFindings, pageCheckOf } from './page-check.ts';
import { contentOf, placeDataEntry, placeTablespaceEntry } from './place-entry.ts';
import { wholeTree } from './planned-trees.ts';
import type { RestorePlan } from './restore-plan.ts';
import { spaceGuardOf } from './space-guard.ts';
import type { Step } from './step.ts';

/** Streams every archive of the data directory and its tablespaces into the target; nothing is staged. */
export const restoreBase: Step = {
  name: 'restoreBase',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const tree = await wholeTree(context);
    const chain = await readChain(
      (await context.ports.source()).storage,
      plan.contents,
      (source, entry) =>
        contentOf(source) === 'data'
          ? placeDataEntry(entry, plan.tablespaces)
          : placeTablespaceEntry(entry, tablespaceOf(plan, source)),
      context.signal,
    );
    const archives = chain.flatMap((link) => link.archives);
    const batches = chain.flatMap((link) => link.batches);
    const totalBytes = [...archives, ...batches].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const doneBytes = new Map<string, number>();
    let files = 0;
    let outputBytes = 0;
    let serverMajor: number | null = null;
    let checkedFiles = 0;
    let checkedBytes = 0;
    const algorithms = new Set<string>();
    const admit = spaceGuardOf(plan, tree);
    let pageFindings = noFindings;
    let fromIndex = 0;

    const restoreLink = async (link: RestoredLink) => {
      const { manifest, place } = await link.open();
      const pages = pageCheckOf(plan);
      const checked = { checkedFiles: 0, mismatches: [] as FileMismatch[] };
      const optionsOf = (source: ArchiveObject | FileBatch, signal: AbortSignal) => ({
        tree,
        signal,
        admit,
        place: (entry: TarEntry) => place(source, entry),
        inOnePiece: link.inOnePiece,
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
        pageFindings = addFindings(pageFindings, storedFindings(result.pageFindings));
        if (result.captured.PG_VERSION !== undefined) serverMajor = Number(result.captured.PG_VERSION.trim());
      };

      // Parts of the data directory go in order, because a later part's duplicate wins; everything else beside them.
      const isOrdered = (archive: ArchiveObject) => contentOf(archive) === 'data' && !archive.sharesNoFile;
      const ordered = link.archives.filter(isOrdered);
      const others = [...link.archives.filter((archive) => !isOrdered(archive)), ...link.batches].sort(
        (one, other) => other.sizeBytes - one.sizeBytes,
      );
      const waits = link.archives.some((archive) => archive.sharesNoFile);
      const lanes = [...(waits ? [] : [ordered]), ...others.map((source) => [source])];
      await inParallel(lanes, plan.jobs, context.signal, async (lane, signal) => {
        for (const source of lane) await restore(source, signal);
      });
      if (waits) for (const source of ordered) await restore(source, context.signal);
      if (manifest !== null) requireManifest(manifest, checked);
      checkedFiles += checked.checkedFiles;
      checkedBytes += manifest?.fileBytes ?? 0;
      for (const algorithm of manifest?.algorithms ?? []) algorithms.add(algorithm);
    };
    for (const link of chain) await restoreLink(link);

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
    if (chain.length > 1) await makeLabelFull(tree);
    const isChecked = pageCheckOf(plan) !== undefined;
    const pageFacts = isChecked ? await keepFindings(context, tree, pageFindings) : {};
    return {
      archives: archives.length,
      ...(batches.length === 0
        ? {}
        : { objects: batches.reduce((sum, batch) => sum + batch.files.length, 0) }),
      files,
      bytes: outputBytes,
      storedBytes: totalBytes,
      archivesBySeekIndex: fromIndex,
      filesMatchingManifest: plan.contents.manifestKey === null ? null : checkedFiles,
      bytesMatchingManifest: plan.contents.manifestKey === null ? null : checkedBytes,
      manifestChecksums: [...algorithms].join(', ') || null,
      ...(chain.length > 1 ? { backupsCombined: chain.length } : {}),
      ...pageFacts,
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
