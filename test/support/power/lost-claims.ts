import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveCheckpoint } from '../../../src/archive/archive-checkpoint.ts';
import { TarReader } from '../../../src/archive/tar-reader.ts';
import type { JournalDatabase } from '../../../src/journal/open.ts';
import { lastCheckpoint, listStepStates } from '../../../src/journal/steps.ts';
import { asideAutoConf, sealedFiles, sealedFolder } from '../../../src/steps/layout.ts';
import { markerFile } from '../../../src/target/target.ts';
import type { ArchivedEntry } from './archived-entries.ts';

/** What is there when every claim about a base backup is true. */
export interface Claimed {
  /** The data directory of an undisturbed run when its base backup was laid down. */
  readonly laidDown: string;
  readonly archives: ReadonlyMap<string, readonly ArchivedEntry[]>;
}

export interface ClaimedRestore extends Claimed {
  readonly journal: JournalDatabase;
  readonly runId: string;
  readonly dataDirectory: string;
}

/** What the journal of a run claims and its disk does not hold. Empty: every claim is true. */
export async function lostClaims(restore: ClaimedRestore): Promise<string[]> {
  const states = listStepStates(restore.journal, restore.runId);
  const has = (name: string, state: 'intended' | 'completed', instance = '') =>
    states.some(
      (step) =>
        step.name === name && step.instance === instance && (state === 'intended' || step.state === state),
    );
  const lost: string[] = [];
  const isThere = (path: string) =>
    lstat(join(restore.dataDirectory, path)).then(
      () => true,
      () => false,
    );
  const claim = async (what: string, holds: Promise<boolean>) => void ((await holds) || lost.push(what));
  const isWhole = (from: string, path = from, bytes?: number) =>
    sameBytes(join(restore.laidDown, from), join(restore.dataDirectory, path), bytes);

  if (has('prepareTarget', 'completed') && !has('cleanUp', 'intended'))
    await claim('prepareTarget: the mark', isThere(markerFile));
  if (has('cleanUp', 'completed'))
    await claim(
      'cleanUp',
      isThere(markerFile).then((there) => !there),
    );
  const isConfigured = has('configureRecovery', 'completed');
  const isSealed = has('seal', 'completed');
  // From its intent on, files are moved and rewritten.
  if (!has('configureRecovery', 'intended')) {
    for (const [archive, entries] of restore.archives) {
      const claimed = claimedOf(restore, archive, entries, has('restoreBase', 'completed', archive));
      for (const { path, kind, bytes } of claimed) {
        await claim(`${archive}: ${path}`, kind === 'directory' ? isThere(path) : isWhole(path, path, bytes));
      }
    }
  } else if (isConfigured && !has('recover', 'intended')) {
    const moved = new Set<string>([...sealedFiles.map(({ from }) => from), 'postgresql.auto.conf']);
    for (const path of await filesBelow(restore.laidDown)) {
      if (moved.has(path) || path === markerFile) continue;
      await claim(`configureRecovery: ${path}`, isWhole(path));
    }
    await claim(`configureRecovery: ${asideAutoConf}`, isWhole('postgresql.auto.conf', asideAutoConf));
    await claim('configureRecovery: recovery.signal', isThere('recovery.signal'));
    if (isSealed) {
      for (const { from, to } of sealedFiles) {
        // A tablespace's map is odo's own.
        await claim(`seal: ${to}`, to === 'tablespace_map' ? isThere(to) : isWhole(from, to));
      }
      await claim(
        `seal: ${sealedFolder}`,
        isThere(sealedFolder).then((there) => !there),
      );
    }
  }
  return lost;
}

/** Everything of a completed archive, else what lies before its last checkpoint; the file that was open up to there. */
function claimedOf(
  { journal, runId }: ClaimedRestore,
  archive: string,
  entries: readonly ArchivedEntry[],
  isCompleted: boolean,
): (ArchivedEntry & { readonly bytes?: number })[] {
  if (isCompleted) return [...entries];
  const checkpoint = lastCheckpoint(journal, runId, 'restoreBase', archive) as ArchiveCheckpoint | null;
  if (checkpoint === null) return [];
  let files = checkpoint.sink.files;
  const end = entries.findIndex(({ kind }) => kind === 'file' && files-- === 0);
  const before: (ArchivedEntry & { bytes?: number })[] = entries.slice(0, end < 0 ? entries.length : end);
  const { open: openFile } = checkpoint.sink;
  const next = entries[end];
  if (openFile?.kind === 'write' && next !== undefined) {
    if (next.path !== openFile.path) throw new Error(`${next.path} comes next, not ${openFile.path}.`);
    before.push({ ...next, bytes: new TarReader(checkpoint.tar).entryOffset });
  }
  return before;
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
}

/** Whether two files are equal, or their first so many bytes. */
async function sameBytes(wanted: string, found: string, bytes?: number): Promise<boolean> {
  try {
    await using one = await open(wanted);
    await using other = await open(found);
    if (bytes === undefined) return (await one.readFile()).equals(await other.readFile());
    const [first, second] = [Buffer.alloc(bytes), Buffer.alloc(bytes)];
    const counts = [await one.read(first, 0, bytes, 0), await other.read(second, 0, bytes, 0)];
    return counts.every(({ bytesRead }) => bytesRead === bytes) && first.equals(second);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as { code?: unknown }).code))) return false;
    throw error;
  }
}
